"""Short simple stories from a grammar of our own: the training folder of the starter model ``stories``.

Each story has a character, a thing, a place, a friend and one of 28 plots. Six in ten begin with a line that names
character and thing, so that a story can be asked for by that line. Forty pairs of character and thing are kept out of
the training stories, for `starter/measures/stories.py`. No text from elsewhere.

    python starter/recipes/stories.py stories/
    castalia train stories/ --name stories --modality text --family transformer --threads 1 --minutes 12 \\
        --data tokenizer=bpe --data vocabulary=1024 --data context=256 \\
        --option width=192 --option layers=4 --option heads=6
    castalia ask --model stories "Once upon a time a fox"
    castalia ask --model stories "The story of a fox and a key."

The line of the subject is a beginning that is gone on from. "Tell me a story about a fox" is a wish for a fresh text to
every model of this kind: it tells some story, not that one.
"""

import argparse
import random
import re
from pathlib import Path


def _blocks(text: str) -> list[str]:
    """The paragraphs of a text, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _words(text: str) -> list[str]:
    return text.split()


CHARACTERS = _words("""
fox hare bear mouse owl hedgehog squirrel badger duck goose hen frog beaver otter cat dog pony donkey goat lamb pig
mole crow sparrow robin snail turtle deer wolf rabbit boy girl grandmother grandfather baker farmer fisherman miller
gardener shepherd
""")
WOMEN, MEN = {"hen", "girl", "grandmother", "goose"}, {"boy", "grandfather", "fisherman"}
GIRLS = _words("""
Mila Rosa Tilda Nora Ida Lotte Bea Wanda Fern Pia Juno Hazel
""")
BOYS = _words("""
Otto Emil Finn Bruno Karl Jasper Leo Theo Milo Anton Rufus Paul
""")
THINGS = _words("""
key lantern kite boat drum bell map scarf spoon button umbrella clock ball blanket book cup ladder basket mirror
whistle hat ring flute wagon teapot pumpkin shell acorn stone feather candle brush rope pillow box bucket coat broom
wheel letter
""")
KINDS = _words("""
little old brave shy clever cheerful quiet curious kind sleepy proud gentle merry careful
""")
PLACES = (
    "in the forest",
    "by the river",
    "on a green hill",
    "near the old mill",
    "at the edge of the village",
    "in a quiet valley",
    "beside a small lake",
    "on an island",
    "under a tall oak",
    "behind the red barn",
    "at the foot of the mountain",
    "by the sea",
)
OPENINGS = _blocks("""
(Once upon a time|Long ago|One spring|One winter|Not so long ago) <a_hero> lived <place>. (<His>|The <hero>'s) name
was <name>.

(Once upon a time|Many years ago|Once) there was <a_kind_hero> (called|named) <name>, who lived <place>.

<name> was <a_kind_hero>. <He> (lived|had a small house|had a warm home) <place>.

Once upon a time <a_hero> named <name> had a (small|cosy|narrow|blue) house <place>.
""")
MORNINGS = [
    *_blocks("""
One (morning|day|evening|afternoon) (the sun was shining|the wind was cold|it was raining softly|the snow was
falling|the birds were singing|a thick fog lay over the grass).

It was a (bright|grey|windy|warm|frosty) (morning|day|evening), and <name> (woke up early|had nothing to do|was
humming a song|drank a cup of tea).
"""),
    "",
]
PLOTS = _blocks("""
<name> had lost <his> <thing>. <He> looked (under the bed|behind the door|in the tall grass) and (in every
corner|under every leaf), but it was (gone|nowhere). {ask} "I saw (something shine|it) (near the well|by the bridge)!"
said the <friend>. They ran there, and the <thing> lay (among the flowers|between two roots).

<name> found <a_thing> on the path. "Whose <thing> (is this|can it be)?" <he> (wondered|asked). <He> knocked at every
door, until the <friend> (cried|called), "That is mine! I have looked for it (all day|everywhere)." <name> gave it
back (at once|with a smile).

<name> wished for <a_thing> more than anything, but <he> had no (money|coins). So <he> (swept the yard|picked
apples|carried water) for the <friend> (all week|from dawn till dusk). On (Sunday|the last day) the <friend> gave
<him> <a_thing>. "You have earned it," said the <friend>.

<name>'s <thing> was broken. <He> tried to mend it with (glue|string|wax), but it (fell apart|broke) again. {ask} The
<friend> had (good tools|clever hands) and showed <him> how to mend it (slowly|step by step). (Soon|By noon) the
<thing> was as good as new.

The <thing> fell into the (river|pond), and the water carried it away. <name> ran along the bank and (shouted|called)
for help. The <friend> (jumped in|took a long stick) and pulled the <thing> out. It was (wet|full of mud), but it was
(safe|whole).

The wind took <name>'s <thing> and left it (high in a tree|on the roof). <He> jumped and jumped, but <he> could not
reach it. {ask} "Stand on my back," said the <friend>. Together they were (tall|high) enough, and <name> got the
<thing> down.

<name> and the <friend> both wanted the same <thing>. "It is mine!" said <name>. "No, mine!" said the <friend>. They
pulled until they (fell over|sat in the mud). Then they (laughed|looked at each other and laughed). From then on
<name> had the <thing> on one day and the <friend> on the next.

Tomorrow was the <friend>'s birthday, and <name> had no present. <He> thought (for a long time|all night). At last
<he> wrapped up <his> own <thing> in (red|green|golden) paper. The <friend> opened it and (danced with joy|clapped).
"It is the best present of all," said the <friend>.

<name> was afraid of the dark. Every night <he> held <his> <thing> and (listened|trembled). {ask} "The dark is only
the (day asleep|night's coat)," said the <friend>. They sat outside and counted the stars, and <name> was not afraid
any more.

<name> wanted to give <his> <thing> to the queen. The way was long and <his> feet (hurt|were tired). The <friend> came
along with a cart and took <him> to the castle. The queen (smiled|bowed) and said, "Such a fine <thing> I have never
seen."

An old <thing> stood in the attic, covered with dust. When <name> (touched|cleaned) it, it began to (glow|sing). {ask}
"It is magic," whispered the <friend>. "You may make one wish." <name> wished for (bread for everyone|a long summer|a
friend for every lonely child), and it came true.

<name> boasted, "My <thing> is the best in the whole land!" Nobody wanted to (play with|listen to) <him>. <He> felt
lonely. (At last|In the evening) <he> went to the <friend> and said, "I am sorry. Would you like to try my <thing>?"
The <friend> nodded, and they played until dark.

A storm came, and the <friend>'s house lost its roof. <name> heard the (noise|crying) and hurried over with <his>
<thing>. "Come and stay with me," <he> said. In the morning all the neighbours built a new roof, and the <thing> (was
a great help|hung over the door).

<name> planted <a_thing> in the garden, for <he> hoped that a tree would grow from it. The <friend> laughed, "A
<thing> does not grow!" But <name> watered it every day. In spring a (small rose|cherry tree) stood there, for a seed
had been hidden in the earth. "Patience grows," said <name>.

<name> lost <his> way with <his> <thing> under one arm. Every path looked the same. {ask} "Follow the (stream|moon),"
said the <friend>, "and you will come home." <name> followed it and soon saw the light of <his> window.

A thief had taken the <thing>! <name> saw (small|strange) tracks in the (snow|sand) and followed them. They led to the
<friend>. "I only borrowed it, because I was (cold|sad)," said the <friend>. "Next time, ask me," said <name>, and
they shared (a pie|some soup).

<name> traded <his> <thing> for a (cow|bag of nuts). Then <he> missed it very much. {ask} "I will trade it back," said
the <friend>, "for a good story." So <name> told a story by the fire, and the <thing> was <his> own again.

The <friend> was ill and lay in bed. <name> cooked some soup and brought <his> <thing> along. "Look, this will cheer
you up," said <name>. The <friend> ate the soup, held the <thing> and (laughed|smiled). After three days the <friend>
was well again.

<name> wanted to win the race. <He> carried <his> <thing> for luck, but it was heavy. Halfway the <friend> fell.
<name> stopped and helped the <friend> up. They came in last, but everybody (cheered|clapped) for <them>.

<name> could not sleep without <his> <thing>. But the little <friend> next door cried all night. So <name> took the
<thing> over and said, "You may have it tonight." The little <friend> fell asleep at once, and so did <name>.

<name> had to guard the village's <thing>. "Do not let it out of your sight," said the <friend>. <name> grew so tired
that <his> eyes closed. When <he> woke, the <thing> was still there, for the <friend> had watched over both.

<name> hid <his> <thing> so well that <he> forgot where. <He> dug (ten|twenty) holes in the garden. {ask} "Look inside
your own hat," said the <friend>. And there it was! They laughed until their bellies hurt.

<name> wished to cross the river, but the bridge was (gone|broken). <He> had nothing but <a_thing>. {ask} "I take you
across, if I may hold your <thing>," said the <friend>. So both got what they wanted.

<name> told a lie. "I did not break the <thing>," <he> said. All day <his> heart was heavy. In the evening <he> went
to the <friend> and told the truth. "Thank you," said the <friend>. "A <thing> can be mended, and so can this."

A stranger gave <name> <a_thing> and said, "Open your door to whoever knocks tonight." At midnight the <friend>
knocked, (wet|hungry) and cold. <name> opened the door and shared <his> bread. In the morning the <thing> had turned
to gold.

<name> made <a_thing> with <his> own hands. It was (crooked|far too big), and some laughed at it. But the <friend>
said, "It is just what I need." And the next day everyone wanted such <a_thing>.

<name> wanted to learn a song. <He> practised with <his> <thing> beside <him>, but it sounded (sad|terrible). {ask}
"Sing slowly, and breathe," said the <friend>. When the moon rose, <name> sang, and even the owls were silent.

<name> sat alone with <his> <thing> and was sad. Nobody came to play. Then the <friend> looked over the fence and
asked, "What a lovely <thing>! May I see it?" <name> (nodded|smiled), and from that day <he> was never alone.
""")
ASK = _blocks("""
<name> went to the <friend> and asked, "(Can|Will|Could) you help me?"

Then the <friend> came (along the path|by|out of the bushes). "(Why are you so sad|What is the matter), <name>?"

"What shall I do?" <name> asked the <friend>.
""")
ENDINGS = _blocks("""
<name> and the <friend> (stayed|were|became) friends (for ever|all their lives).

That night <name> slept (deeply|well|like a stone), and the <thing> lay beside <him>.

And whenever <name> saw <a_thing>, <he> (smiled|thought of the <friend>).

"(Thank you|What a day)!" said <name>, and they (drank tea|ate honey cake|danced) together until the (stars|moon) came
out.

So <name> learned that (a friend is worth more than gold|kindness comes back|two can do more than one).

They went home (hand in hand|singing|slowly through the evening), and all was well.
""")


def _drawn(text: str, draw: random.Random) -> str:
    """The text with one of each group of choices."""
    while found := re.search(r"\(([^()]*)\)", text):
        text = text[: found.start()] + draw.choice(found[1].split("|")) + text[found.end() :]
    return text


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def subject(character: str, thing: str) -> str:
    """The line that asks for a story of this character and this thing."""
    return f"The story of {_article(character)} and {_article(thing)}."


def unseen() -> list[tuple[str, str]]:
    """Pairs of character and thing that no training story has."""
    pairs = [(character, thing) for character in CHARACTERS for thing in THINGS]
    return random.Random(1).sample(pairs, len(pairs) // 40)


def story(character: str, thing: str, draw: random.Random) -> str:
    """One story, without its subject line."""
    woman = character in WOMEN or (character not in MEN and draw.random() < 0.5)
    he, his, him = ("she", "her", "her") if woman else ("he", "his", "him")
    plot = draw.choice(PLOTS).replace("{ask}", draw.choice(ASK))
    parts = [draw.choice(OPENINGS), draw.choice(MORNINGS), "\n\n", plot, "\n\n", draw.choice(ENDINGS)]
    words = {
        "name": draw.choice(GIRLS if woman else BOYS),
        "hero": character,
        "a_hero": _article(character),
        "a_kind_hero": _article(f"{draw.choice(KINDS)} {character}"),
        "thing": thing,
        "a_thing": _article(thing),
        "friend": draw.choice([other for other in CHARACTERS if other != character]),
        "place": draw.choice(PLACES),
        "them": "them",
    }
    words |= {"he": he, "his": his, "him": him, "He": he.title(), "His": his.title()}
    text = re.sub(r"<(\w+)>", lambda found: words[found[1]], _drawn(" ".join(parts), draw))
    text = re.sub(r" *\n\n *", "\n\n", text).replace("was her own", "was hers").replace("was his own", "was his")
    return re.sub(r"  +", " ", text).strip()


def stories(count: int, pairs: list[tuple[str, str]], seed: int) -> list[str]:
    """So many different stories of these pairs, six in ten under their subject line."""
    draw = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        character, thing = draw.choice(pairs)
        text = story(character, thing, draw)
        found.setdefault(text, f"{subject(character, thing)}\n\n{text}" if draw.random() < 0.6 else text)
    return list(found.values())


def seen() -> list[tuple[str, str]]:
    """The pairs of the training stories."""
    kept = set(unseen())
    return [(character, thing) for character in CHARACTERS for thing in THINGS if (character, thing) not in kept]


def main() -> None:
    """Write the stories, a file each, and tell how to train on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    texts = stories(arguments.count, seen(), arguments.seed)
    for number, text in enumerate(texts):
        (arguments.folder / f"{number:05d}.txt").write_text(text + "\n", "utf-8")
    print(
        f"{len(texts)} stories, {len(set(re.findall(r'[a-z]+', ' '.join(texts).lower())))} different words. Train with:"
    )
    print(
        f"castalia train {arguments.folder} --name stories --modality text --family transformer --threads 1 "
        "--minutes 12 --data tokenizer=bpe --data vocabulary=1024 --data context=256 --option width=192 "
        "--option layers=4 --option heads=6"
    )


if __name__ == "__main__":
    main()
