"""Music: scores learnt from MIDI, MusicXML and ABC, and pieces composed from what was learnt."""
