"""What `language` knows of each language: frequent words, telling letters and endings, and its names."""

FREQUENT = {
    "en": "the of and to a in is that it was for on are as with his they at be this from have or by one had not but "
    "what all were when we there can an your which their said if do will each about how up out them then she many "
    "some so these would other into has more her two like him see could than been who its now you i my our does",
    "es": "el la los las de que y en un una es se no por con para su al lo como más pero sus le ya o este sí porque "
    "esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra "
    "otros ese eso ante ellos e esto mí antes algunos qué unos yo otro del son está fue ser tiene puede está muchas",
    "fr": "le la les de des du un une et est en que qui dans pour pas sur au avec ce il elle nous vous ils elles ne se "
    "son sa ses leur leurs plus par je tu mais ou où cette ces être avoir fait comme tout aux sont était été ont a "
    "même bien très sans si peut aussi donc entre c'est l'on d'un d'une qu'il n'est j'ai notre votre quand",
    "de": "der die das und ist in zu den von mit sich des auf für nicht ein eine einer eines einem einen dem als auch "
    "es an werden aus er hat dass sie nach wird bei um am sind noch wie über so zum zur war haben nur oder aber vor "
    "bis mehr durch man ich wir ihr sein kann können wenn was du mir mich uns ihre seine diese dieser dieses sehr",
    "it": "il lo la gli le di che e è un una uno in per non con del della dei delle degli al alla ai alle si sono da "
    "dal dalla nel nella nei come più ma anche se o questo questa questi quello suo sua suoi loro ci mi io noi voi ha "
    "hanno essere stato perché molto dove quando tutto tutti ogni fra tra sul sulla cosa può poi così già era",
    "pt": "o a os as de da do das dos que e é em um uma no na nos nas por para com não se mais mas como ao à foi são "
    "ele ela eles seu sua seus suas ou ser quando muito há já está eu também só pelo pela até isso entre era depois "
    "sem mesmo aos ter quem me esse esta você tem pode nós lhe isto aquele foram vai à às este essa sobre",
    "nl": "de het een en van is in te dat op met voor zijn niet aan er om ook als maar door bij ze wordt uit naar kan "
    "dan nog wel of hij heeft over zo meer deze dit wat worden die was hebben ik je we u ons onze hun haar mijn veel "
    "geen al waar hoe zou zal tot na moet kunnen werd tussen omdat onder heel jij wij jullie wil",
    "sv": "och att det i en är som på för av med den till inte om har de ett jag han men var sig från vi så kan när "
    "hon där nu under efter eller vid upp ut hade ska skulle mycket också alla mot ju får man detta denna dessa bara "
    "vara blir över mellan utan deras vilket din min sin",
    "pl": "i w na z się nie do to że jest o jak za od po dla co ale czy przez są być był tak już tylko przy jego jej "
    "ich może lub który która które oraz także bardzo ten ta te tym tego tej jednak gdy bez można pod nad więc mnie "
    "ja ty on ona my wy oni",
    "tr": "ve bir bu da de için ile çok olarak olan daha gibi en ne kadar sonra ama var mı mi ben sen o biz siz onlar "
    "değil her ya veya ise şey olduğu olur oldu nasıl neden çünkü yok kendi bunu tarafından iki göre",
    "vi": "và của là có không được cho một các những trong để với người này đã khi từ đến về như cũng tôi bạn chúng ta "
    "anh chị em rất nhiều hơn nhưng vì nếu thì sẽ đang bị ở ra vào lại làm thể phải nó họ mình đó gì sao nào việt",
    "id": "yang dan di dari untuk dengan ini itu pada adalah tidak dalam akan ke juga atau saya anda oleh sebagai ada "
    "karena bisa dapat lebih mereka kami kita sudah telah banyak orang seperti jika dia hanya tersebut menjadi bahwa",
}
"""About sixty of the most frequent words of each language, in Latin letters."""

ASKING = {
    "en": "explain write tell give list describe name please why summarise summarize make show help who should did "
    "translate answer where read find does mean between best",
    "es": "explica escribe dime dame describe favor cómo cuál cuáles quién cuánto haz hazme resume ayuda dónde traduce "
    "puedes cuándo enumera explícame",
    "fr": "explique écris écrivez donne donne-moi décris plaît pourquoi comment quel quelle quels quelles combien "
    "résume fais aide traduis peux-tu est-ce explique-moi",
    "de": "erkläre erklär schreibe schreib nenne gib beschreibe bitte warum wieso wer wo welche welcher welches fasse "
    "zusammen mache übersetze hilf wieviel funktioniert zeige",
    "it": "spiega scrivi dimmi dammi descrivi favore perché quale quali chi quanto riassumi fai aiuta traduci puoi",
    "pt": "explique escreva diga dê descreva favor porquê qual quais quanto resuma faça ajude traduza pode onde",
    "nl": "leg schrijf noem geef beschrijf alsjeblieft waarom wie welke hoeveel vat samen maak vertaal vertel uit",
    "sv": "förklara skriv nämn ge beskriv snälla varför vem vilken vilka hur sammanfatta översätt",
    "pl": "wyjaśnij napisz podaj opisz proszę dlaczego kto jaki jaka jakie ile streść przetłumacz",
    "tr": "açıkla yaz söyle ver lütfen kim hangi özetle çevir nedir",
    "vi": "giải thích hãy viết kể nói cho tóm tắt dịch sao ai bao nhiêu",
    "id": "jelaskan tulis sebutkan beri tolong mengapa siapa bagaimana apa berapa ringkas terjemahkan",
}
"""Words with which people ask, so that a short request tells its language."""

LETTERS = {
    "es": "ñ¿¡",
    "fr": "œùûêëîïçè",
    "de": "ßäöü",
    "it": "ìòàè",
    "pt": "ãõçâê",
    "nl": "ĳ",
    "sv": "åäö",
    "pl": "ąęłśźżćń",
    "tr": "ğışç",
    "vi": "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}
"""Letters that speak for a language; a letter of several speaks for each."""

ENDINGS = {
    "en": ("ing", "ness", "ould", "ight", "tion"),
    "es": ("ción", "ciones", "dad", "mente", "ando", "iendo"),
    "fr": ("tion", "eux", "euse", "aient", "eau", "ique"),
    "de": ("ung", "keit", "heit", "lich", "isch", "schaft"),
    "it": ("zione", "zioni", "mente", "ità", "ello", "issimo"),
    "pt": ("ção", "ções", "dade", "mente", "ndo", "inho"),
    "nl": ("heid", "lijk", "ing", "isch", "tje"),
}

NAMES = {
    "en": "english englisch inglés ingles anglais inglese inglês engels",
    "es": "spanish spanisch español espanol castellano espagnol spagnolo espanhol spaans",
    "fr": "french französisch franzoesisch francés frances français francais francese francês frans",
    "de": "german deutsch deutsche alemán aleman allemand tedesco alemão duits",
    "it": "italian italienisch italiano italien italiaans",
    "pt": "portuguese portugiesisch portugués portugues portugais portoghese português portugees",
    "nl": "dutch niederländisch holländisch holandés neerlandés néerlandais olandese holandês nederlands",
    "sv": "swedish schwedisch sueco suédois svedese svenska",
    "pl": "polish polnisch polaco polonais polacco polski polsku",
    "tr": "turkish türkisch turco turc türkçe",
    "vi": "vietnamese vietnamesisch vietnamita vietnamien việt",
    "id": "indonesian indonesisch indonesio indonésien indonesia",
    "zh": "chinese mandarin chinesisch chino chinois cinese chinês 中文 汉语 普通话",
    "ja": "japanese japanisch japonés japonais giapponese japonês 日本語 日语",
    "ko": "korean koreanisch coreano coréen 한국어 韩语",
    "ru": "russian russisch ruso russe russo русском русский",
    "uk": "ukrainian ukrainisch ucraniano ukrainien",
    "ar": "arabic arabisch árabe arabe arabo العربية",
    "el": "greek griechisch griego grec greco",
    "he": "hebrew hebräisch hebreo hébreu ebraico",
    "hi": "hindi",
    "th": "thai thailändisch tailandés thaï",
}
"""How each language is called, in several languages."""
