"""Transcription by Whisper models."""
