"""Words of instructions to speak, as alternatives of regular expressions: English, Spanish, French, German."""

POLITE = (
    r"please|kindly|hey|hi|hello|ok|okay|now|then|just"
    r"|(?:can|could|would|will) you(?: please| kindly)?|i(?:'d| would) like(?: you)? to|i (?:want|need)(?: you)? to"
    r"|por favor|puedes|podrías|puede|podría|quiero que|ahora"
    r"|s'il (?:te|vous) pla[iî]t|peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|maintenant"
    r"|bitte|kannst du(?: bitte)?|könntest du(?: bitte)?|können sie(?: bitte)?|könnten sie(?: bitte)?|jetzt"
)
"""What may stand before the verb."""

SAY = (
    r"say|speak|pronounce|utter"
    r"|di|diga|decir|pronuncia|pronuncie"
    r"|dis|dites|dire|prononce|prononcez|prononcer"
    r"|sag|sage|sprich|sagen sie|sprechen sie"
)
"""Verbs after which the text may follow at once."""

READ = (
    r"read(?: out)?|narrate|recite|announce|voice|tell me"
    r"|(?:i(?:'d| would) like|i (?:want|need)|we (?:want|need))(?: to (?:have|hear|listen to))?"
    r"|convert|turn|transform|change|make|generate|create|produce|synthesi[sz]e|record|render|let me hear"
    r"|lee|léeme|lea|leer|leerme|narra|recita|convierte|convertir|transforma|pasa|genera|crea|haz"
    r"|lis|lisez|lire|lis-moi|lisez-moi|récite|récitez|raconte|convertis|convertissez|convertir|transforme|transformez"
    r"|génère|générez|crée|créez|fais|faites|enregistre|enregistrez"
    r"|lies|lese|lesen sie|wandle|wandeln sie|konvertiere|konvertieren sie|verwandle|erzeuge|erstelle|mach|mache"
    r"|nimm|trage"
)
"""Verbs that need a mark, or words that point at a text, to be an instruction to speak."""

MARKS = (
    r"(?:out ?)?aloud|out loud|loudly|(?:in)?to (?:a |an |the )?(?:\w+[ -]){0,2}(?:speech|voice|audio|sound)"
    r"(?: (?:file|clip|recording))?|speech|spoken|text[ -]to[ -](?:speech|audio|voice)|tts|voice ?-?over|narration"
    r"|(?:audio|voice|sound)(?: (?:file|clip|recording|version|message))?|recording|(?:by|in|with) a \w+ voice"
    r"|en voz alta|en alto|a voz|en voz|(?:en|a)(?: un)? audio|un audio|en habla|locución"
    r"|à (?:haute voix|voix haute)|à l'oral|en (?:voix|audio|parole|discours)|(?:un )?(?:fichier|enregistrement) audio"
    r"|laut(?: vor)?|vor|vorlesen|in (?:gesprochene )?(?:sprache|audio)(?: um)?|als audio|audiodatei|sprachaufnahme"
)
"""Words for the act of speaking or for its result."""

POINTERS = (
    r"this|that|it|these|the|a|an|my|following|attached|given|provided|below|above|next|exactly|file|document|attachment"
    r"|texts?|words?|sentences?|phrases?|lines?|paragraphs?|passage|message|poem|story|article|content|part|note|letter"
    r"|of|for|from|with|using|saying|says|that says|based on|to (?:me|us)|for (?:me|us)|out|please|kindly"
    r"|slowly|clearly|quickly|softly|calmly|cheerfully|(?:in|with) (?:a |an )?\w+ (?:voice|tone|accent)"
    r"|esto|eso|este|esta|estas|estos|el|la|los|las|lo|siguientes?|textos?|frases?|palabras?|oración|párrafo|mensaje"
    r"|adjunto|archivo|documento|un|una|de|del|con|por favor|despacio|claramente"
    r"|ceci|cela|ce|cet|cette|ces|le|les|l'|suivante?s?|texte|phrases?|mots?|paragraphe|message|fichier|joint|ci-joint"
    r"|du|des|d'|un|une|avec|s'il (?:te|vous) pla[iî]t|lentement|clairement"
    r"|das|dies|dieses|diesen|diese|den|die|der|dem|folgenden?|folgendes|text|satz|sätze|wort|wörter|absatz|nachricht"
    r"|angehängten?|datei|mir|uns|bitte|langsam|deutlich|von|aus|mit|eine?n?"
)
"""Words that only point at the text or colour the voice."""

LABELS = r"text[ -]to[ -]speech|tts|speech|voice ?-?over|read aloud|en voz alta|à haute voix|laut"
"""What alone before a colon is an instruction."""

THANKS = r"please|thanks|thank you|por favor|gracias|s'il (?:te|vous) pla[iî]t|merci|bitte|danke"

TAILS = (
    r"please|thanks?|thank you|and save|save|in (?:a|an)|with (?:a|an)|by (?:a|an)|using|as (?:a|an)|(?:in)?to|out loud"
    r"|aloud|for me|i (?:would|want|need)|slowly|clearly|three times|twice"
    r"|por favor|en voz|con|como|s'il|à|en|avec|bitte|laut|vor|mit|als|in"
)
"""How the rest of an instruction may begin behind the closing quotation mark."""
