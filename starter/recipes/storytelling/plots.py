"""Openings, plots and endings. A line is one beat of a plot; ``(a|b)`` draws one, and groups may lie in groups.

A plot begins with what it is about in brackets: the state of the thing it is for (``any`` for none), then, behind a
colon, how a request tells it ("who lost a bell").
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Plot:
    """What happens: ``state`` of the thing, ``tellings`` by a request, and the ``beats`` in order."""

    state: str
    tellings: tuple[str, ...]
    beats: tuple[str, ...]


def _blocks(text: str) -> list[list[str]]:
    return [block.strip().splitlines() for block in text.split("\n\n") if block.strip()]


def _plot(lines: list[str]) -> Plot:
    found = re.fullmatch(r"\[(\w+): (.+)\]", lines[0])
    if found is None:
        raise ValueError(f"{lines[0]!r} does not say what the plot is about")
    return Plot(found[1], tuple(found[2].split(" | ")), tuple(lines[1:]))


OPENINGS = [
    "(Once upon a time|Long ago|Many years ago|Not so long ago|Once) <a_hero> lived <place>. (<His>|The <hero>'s) name was <name>.",
    "(Once upon a time|Long ago|Many years ago|Once) there was <a_hero> (called|named) <name>, who lived <place>.",
    "<name> was <a_hero>. <He> (lived|had a small house|had a warm home|had lived all <his> life) <place>.",
    "(Once upon a time|Long ago) <a_hero> named <name> had a (small|cosy|narrow|crooked) house <place>.",
    "There once was <a_hero> <place>, and (everybody called <him>|<his> name was) <name>.",
    "<Place> lived <a_hero> (called|named) <name>.",
]

MORNINGS = [
    "One (morning|day|evening|afternoon) (the sun was shining|the wind was cold|it was raining softly|the snow was falling|the birds were singing|thick fog lay over the <spot>).",
    "It was a (bright|grey|windy|warm|frosty) (morning|day|evening), and <name> (woke up early|had nothing to do|was humming a song|was drinking a cup of tea).",
    "Spring had come to the <spot>, and (everything was green|the first flowers were out).",
    "The <hero> loved the <spot> (in summer|in winter|more than any other place).",
    "",
    "",
]

ASKING = (
    "(<name> went to the <friend> and asked, \"(Can|Will|Could) you help me?\""
    "|Then the <friend> came (along the path|by|out of the bushes). \"(Why are you so sad|What is the matter), <name>?\""
    "|\"What shall I do?\" <name> asked the <friend>."
    "|<name> met <a_friend> and told the <friend> (everything|about the <thing>).)"
)

PLOTS = [_plot(lines) for lines in _blocks("""
[lost: who lost <a_thing> | who looks for <a_lost_thing> | who has lost <a_thing>]
(<name> had lost <his> <thing>.|<name>'s <look_thing> was lost.|<name> had <a_look_thing>, but one day it was lost.|The <thing> that <name> loved most was lost.)
<He> looked (under the bed|behind the door|in the tall grass|in every box|under the table) and (in every corner|under every leaf|behind the house|along the path), but the <thing> was (gone|nowhere|not there).
(<name> sat down and cried.|<name> did not give up.|<name> could not eat or sleep.|"Where can it be?" thought <name>.)
<ask>
("I saw (something shine|your <thing>) (near the well|by the bridge|under the hedge)!" said the <friend>.|"Let us walk back the way you came," said the <friend>.|"When did you see the <thing> last?" asked the <friend>. "In the (kitchen|garden|boat)," said <name>.|"Close your eyes and think," said the <friend>.)
They (ran|hurried|walked) there together, and the <thing> lay (among the flowers|between two roots|under an old sack|deep in the grass).
(<name> held the <thing> tight and laughed.|"My <thing>!" cried <name>.|<name> jumped for joy.|The lost <thing> was found at last.)

[lost: who forgot where <a_thing> was | who hid <a_thing> too well]
<name> hid <his> <look_thing> so well that <he> forgot where. Now the <thing> was lost.
<He> dug (ten|twenty|seven) holes (in the garden|behind the house), but there was no <thing> in them.
<ask>
"(Look inside your own shoe!|Did you look in your bed?|What is that behind you?)" said the <friend>.
And there was the <thing>! (<name> turned red and laughed.|They laughed until their bellies hurt.)
"Next time I will hide my <thing> (in plain sight|where everyone can see it)," said <name>.

[lost: whose <thing> fell into the water | who lost <a_thing> in the water]
<name> was carrying <his> <look_thing> over the bridge when it fell into the (river|water). "It is lost!" cried <name>.
The water carried the <thing> away. <name> ran along the bank and (shouted|called) for help.
The <friend> heard <him> and (jumped in|took a long stick|threw a net).
(Soon the <friend> came back with the <thing>.|With one pull the <friend> brought the <thing> to the bank.)
It was (wet|full of mud|cold), but the <thing> was (safe|whole).
"How can I thank you?" asked <name>. "(Invite me to supper|Just be my friend)," said the <friend>.

[broken: who mends <a_broken_thing> | with <a_broken_thing>]
(<name>'s <look_thing> was broken.|One day <name> dropped <his> <look_thing>, and it was broken.|<name> had <a_look_thing>, but it was broken.)
<He> tried to mend the <thing> with (glue|string|wax|a nail), but it (fell apart|broke) again.
(<name> was sad, for the <thing> had been a present.|"I will never mend it," sighed <name>.|<name> wanted to throw the <thing> away.)
<ask>
(The <friend> had (good tools|clever hands) and showed <name> how to mend it (slowly|step by step).|"Two can do more than one," said the <friend>, and they worked (all day|until noon).|The <friend> held the pieces, and <name> put them together.)
(Soon|By evening|At last) the broken <thing> was (as good as new|better than before|whole again).
("You have learned something today," said the <friend>.|<name> was proud of the <thing> now.|<name> danced around the <thing>.)

[broken: who broke <a_thing> | who told a lie about <a_broken_thing>]
The <friend> had <a_look_thing>. <name> played with the <thing>, and now it was broken.
"I did not break the <thing>," said <name>. But it was a lie, and all day <his> heart was heavy.
(<He> could not eat.|<He> could not play.|<He> hid under the blanket.)
In the evening <he> went to the <friend> and told the truth.
"Thank you, <name>," said the <friend>. "A <thing> can be mended, and so can this."
Together they mended the broken <thing> with (glue|string|patience), and <name>'s heart was light again.

[broken: who fell with <a_thing> | who must mend <a_thing>]
<name> was running with <his> <look_thing> when <he> fell over a root.
"Oh no, my <thing> is broken!" cried <name>.
(The nearest smith lived far away.|Nobody near the <spot> could mend it.) So <name> put the broken <thing> into a bag and set off.
On the way <he> met <a_friend>. "What is in your bag?" asked the <friend>.
"A broken <thing>," said <name>. "Let me see," said the <friend>, and (took out a hammer|found the missing piece|turned it around).
(Click! The <thing> worked again.|It took only a moment, and the <thing> was whole.)

[stolen: who looks for a thief | whose <thing> was stolen | who hunts the thief of <a_thing>]
(One night|While <name> was asleep,) somebody took <name>'s <look_thing>. "My <thing> has been stolen!" cried <name>.
<He> saw (small|strange|deep) tracks in the (snow|sand|mud) and followed them (over the hill|through the reeds|into the dark).
The tracks led to <a_friend>. (There stood the stolen <thing>.|Behind the <friend> lay the stolen <thing>.)
"I only borrowed it, because I was (cold|sad|alone)," said the <friend>.
<name> was angry, but then <he> saw how (small|thin|sorry) the <friend> was.
"Next time, ask me," said <name>. "(You may come and use the <thing> with me|I will share my <thing> with you)."
They shared (a pie|some soup|bread and honey), and nobody stole near the <spot> again.

[stolen: whose <thing> was taken by the wind | who climbs for a stolen <thing>]
The wind had stolen <name>'s <look_thing> and left it (high in a tree|on the roof|on top of a rock).
<He> jumped and jumped, but <he> could not reach the <thing>.
<ask>
("Stand on my back," said the <friend>.|"I will hold you," said the <friend>.|"Let us fetch a long stick," said the <friend>.)
Together they were (tall|high|strong) enough, and <name> got the stolen <thing> down.
"The wind is a thief, but we are two," said <name>.

[stolen: who finds <a_stolen_thing> | who brings back <a_stolen_thing>]
One day <name> found a sack (under a bush|behind a stone), and in the sack was <a_look_thing>.
"This <thing> was stolen," said <name>. "Somebody must miss it."
<He> asked (at every door|everyone near the <spot>), until <he> came to <a_friend> who was crying.
"Somebody has stolen my <thing>," said the <friend>.
"Here it is!" said <name>, and gave the <thing> back (at once|with a smile).
The <friend> (danced|could not speak) for joy and baked <name> (a cake|a big pie).

[magic: who finds <a_magic_thing> | with <a_magic_thing>]
(One day|In the attic|Under a root) <name> found <a_look_thing>, covered with (dust|moss|leaves).
When <name> (touched|cleaned|lifted) the <thing>, it began to (glow|sing|hum|speak).
<ask>
"It is a magic <thing>," whispered the <friend>. "You may make (one wish|three wishes)."
<name> thought (for a long time|of gold|of cake). But then <he> looked at the <spot> and knew what to wish.
<name> wished for (bread for everyone|a long summer|a friend for every lonely child|rain for the dry fields), and the magic <thing> made it come true.
(Then the <thing> was still.|The light of the <thing> went out, but nobody minded.|After that the <thing> was only <a_thing>.)

[magic: who gets <a_magic_thing> | who is given <a_magic_thing>]
A stranger gave <name> <a_look_thing> and said, "This <thing> is magic. Open your door to whoever knocks tonight."
At midnight the <friend> knocked, (wet|hungry|tired) and cold.
<name> opened the door and shared <his> (bread|soup|fire) with the <friend>.
In the morning the magic <thing> (had turned to gold|shone like the sun|had filled the house with flowers).
"Kindness is the magic," said the <friend>, and <name> (smiled|understood).

[magic: who wants too much from <a_magic_thing> | who uses <a_magic_thing>]
<name> had <a_magic_thing>. Every day the <thing> gave <him> (a coin|a sweet|a pancake).
But <name> wanted more. "Give me a hundred!" <he> told the <thing>.
The magic <thing> (shook|hissed|turned black), and then it gave nothing any more.
<ask>
"Say sorry to the <thing>," said the <friend>, "and share what you have."
<name> said sorry and gave half of <his> (sweets|coins|supper) to the <friend>. And the next day the <thing> was magic again.

[any: who finds <a_thing> | who found <a_thing>]
<name> found <a_look_thing> on the path.
"Whose <thing> (is this|can it be)?" <he> (wondered|asked|said). <He> knocked at every door near the <spot>.
("Not mine," said the neighbours.|Nobody knew the <thing>.|One said no, and the next said no.)
At last <a_friend> (cried|called), "That is my <thing>! I have looked for it (all day|everywhere|since Sunday)."
<name> gave the <thing> back (at once|with a smile|and was glad).
"You are honest, <name>," said the <friend>. "(Come in and eat with me|Let us play together)."

[any: who wishes for <a_thing> | who wants <a_thing> | who works for <a_thing>]
<name> wished for <a_look_thing> more than anything, but <he> had no (money|coins).
So <he> (swept the yard|picked apples|carried water|chopped wood) for the <friend> (all week|from dawn till dusk|all summer).
(The work was hard, but <name> sang.|<His> back hurt, but <he> thought of the <thing>.)
On (Sunday|the last day|Friday) the <friend> gave <name> <a_look_thing>.
"You have earned your <thing>," said the <friend>.
<name> carried the <thing> home (past the <spot>|as if it were made of glass).

[any: who quarrels about <a_thing> | who does not want to share <a_thing>]
<name> and <a_friend> both wanted the same <look_thing>.
"The <thing> is mine!" said <name>. "No, mine!" said the <friend>.
They pulled until they (fell over|sat in the mud|were out of breath).
Then they looked at each other and (laughed|had to laugh).
From then on <name> had the <thing> on one day and the <friend> on the next.

[any: who gives <a_thing> away | who needs a present]
Tomorrow was the <friend>'s birthday, and <name> had no present.
<He> thought (for a long time|all night|until the moon rose).
At last <name> wrapped up <his> own <look_thing> in (red|green|golden|blue) paper.
The <friend> opened it and saw the <thing>. (The <friend> danced with joy.|The <friend> clapped and laughed.)
"This <thing> is the best present of all," said the <friend>.
And <name> did not miss the <thing> at all.

[any: who is afraid of the dark | who cannot sleep]
<name> was afraid of the dark. Every night <he> held <his> <look_thing> and (listened|trembled|counted to ten).
<ask>
"The dark is only (the day asleep|the night's coat|a blanket for the <spot>)," said the <friend>.
They sat outside with the <thing> and counted the stars.
After that <name> was not afraid any more, and the <thing> stood (by the window|on the shelf).

[any: who visits the queen | who has a present for the queen]
<name> wanted to give <his> <look_thing> to the great queen of the land.
The way was long, and <his> feet (hurt|were tired). The <friend> came along with a cart and took <name> and the <thing> to the palace.
The great lady (smiled|bowed) and said, "Such a fine <thing> I have never seen. What do you wish for it?"
"Nothing," said <name>. "(I only wanted to see you smile|My friend and I would like some cake)."
So <name> and the <friend> ate cake (at the long table|till midnight).

[any: who boasts about <a_thing> | who is too proud of <a_thing>]
<name> boasted, "My <look_thing> is the best in the whole land!"
Nobody wanted to (play with|listen to) <him>. <name> sat alone with the <thing>.
(At last|In the evening) <he> went to the <friend> and said, "I am sorry. Would you like to try my <thing>?"
The <friend> nodded, and they played with the <thing> until dark.
"It is better with two," said <name>.

[any: who helps in a storm | who helps a neighbour]
A storm came over the <spot>, and the <friend>'s house lost its roof.
<name> heard the (noise|crying) and hurried over with <his> <look_thing>.
"Come and stay with me," said <name>. They put the <thing> (by the door|near the fire) and waited for the morning.
In the morning all the neighbours built a new roof, and the <thing> (was a great help|hung over the new door).
"Thank you, <name>," said the <friend>. "And thank your <thing>."

[any: who plants <a_thing> | who is patient]
<name> planted <a_look_thing> in the earth, for <he> hoped that a tree would grow from it.
The <friend> laughed, "A <thing> does not grow!"
But <name> watered the <thing> every day, (in sun and in rain|and sang to it).
In spring a (small rose|cherry tree|sunflower) stood there, for a seed had been hidden under the <thing>.
"Patience grows," said <name>, and the <friend> laughed no more.

[any: who loses the way | who wants to go home]
<name> went for a walk with <his> <look_thing> and lost the way. Every path looked the same.
<He> sat down beside the <thing> and was (afraid|cold|hungry).
<ask>
"Follow the (stream|moon|smoke)," said the <friend>, "and you will come home."
<name> took the <thing> and followed it, and soon <he> saw the light of <his> window.
(The <friend> waved from far away.|"Home!" said <name> to the <thing>.)

[any: who trades <a_thing> | who gives up <a_thing>]
<name> traded <his> <look_thing> for a (cow|bag of nuts|jar of honey).
But soon <he> missed the <thing> very much. The house was empty without it.
<ask>
"I have your <thing>," said the <friend>. "I will trade it back for a good story."
So <name> told a story by the fire, and the <thing> was <hers> again.

[any: who helps a sick friend | who cooks soup]
The <friend> was ill and lay in bed. <name> cooked some soup and brought <his> <look_thing> along.
"Look, this <thing> will cheer you up," said <name>.
The <friend> ate the soup, held the <thing> and (laughed|smiled).
Every day <name> came back with the <thing> and (a song|a new story|warm bread).
After (three|five|seven) days the <friend> was well again and (danced|ran) around the <thing>.

[any: who wants to win a race | who runs a race]
<name> wanted to win the great race around the <spot>. <He> carried <his> <look_thing> for luck.
The <thing> was heavy, but <name> ran (like the wind|as fast as <he> could).
Halfway the <friend> fell. <name> stopped, put down the <thing> and helped the <friend> up.
They came in last, but everybody (cheered|clapped) for <name> and the <friend>.
"Your <thing> brought us luck after all," said the <friend>.

[any: who guards <a_thing> | who must stay awake]
<name> had to guard <a_look_thing> that belonged to everyone. "Do not let the <thing> out of your sight," said the neighbours.
The night was long, and <name> grew so tired that <his> eyes closed.
When <he> woke, the <thing> was still there, for the <friend> had watched over <name> and the <thing>.
"Why did you not wake me?" asked <name>. "(You looked so peaceful|Friends take turns)," said the <friend>.

[any: who wants to cross the water | who meets a stranger]
<name> wished to cross the water, but the boat was gone. <He> had nothing but <a_look_thing>.
<ask>
"I will take you across, if I may hold your <thing>," said the <friend>.
<name> gave the <thing> to the <friend>, and they (sailed|swam|went) to the other side.
There <name> saw (new flowers|a thousand birds|a white beach), and the <friend> saw the <thing> shine in the sun.

[any: who makes <a_thing> | who builds <a_thing>]
<name> made <a_look_thing> with <his> own hands.
The <thing> was (crooked|far too big|a little odd), and some neighbours laughed at it.
But the <friend> said, "This <thing> is just what I need. Will you make me one?"
So <name> made another <thing> for the <friend>, and then (ten|twenty|a hundred) more.
Soon everyone near the <spot> had <a_thing> that <name> had made.

[any: who learns to sing | who learns a song]
<name> wanted to learn a song. <He> practised with <his> <look_thing> beside <him>, but it sounded (sad|terrible|wrong).
<ask>
"Sing slowly, and breathe," said the <friend>. "Look at the <thing> and forget the rest."
When the moon rose, <name> looked at the <thing> and sang, and (even the owls were silent|all the windows opened).
"That was beautiful, <name>," said the <friend>.

[any: who is alone | who looks for a friend]
<name> sat alone with <his> <look_thing> and was sad. Nobody came to play.
Then <a_friend> looked over the fence and asked, "What a lovely <thing>! May I see it?"
<name> (nodded|smiled) and held out the <thing>.
They played with the <thing> until (supper|the sun went down).
"Will you come again tomorrow?" asked <name>. "(Every day|Of course)," said the <friend>.

[any: who goes to the market | who sells <a_thing>]
<name> went to the market to sell <his> <look_thing>.
The first one offered (a turnip|two eggs) for the <thing>, the second one (an old sock|a rusty nail).
Then <a_friend> stood before <name>. "I have no money," said the <friend>, "but I need <a_thing> very much."
<name> looked at the <friend> and gave the <thing> away for nothing.
The next morning (a basket of plums|a warm coat|a pot of honey) stood at <name>'s door.

[any: who saves a friend | who is brave]
One night <name> heard a cry. The <friend> had fallen into a deep hole.
"Hold on!" called <name>. <He> ran home and fetched <his> <look_thing>.
With the <thing> and (all <his> strength|a long branch) <name> pulled the <friend> out.
"You are brave, <name>," said the <friend>. "I was afraid," said <name>, "but I had my <thing>."

[any: who dreams of <a_thing> | who has a strange dream]
<name> dreamed of <a_look_thing> three nights in a row. In the dream the <thing> lay (under a white stone|behind a waterfall).
In the morning <he> told the <friend> about the <thing>.
"Let us go and look," said the <friend>. They walked (for an hour|all day) and came to the very place.
There lay the <thing>, just as in the dream!
"Some dreams are true," said <name>, and the <friend> nodded.

[any: who sails away | who goes on a journey]
<name> packed <his> <look_thing> and went on a long journey.
<He> saw (high towers|snow and ice|fish that could fly), and every night <he> slept beside the <thing>.
But one day <name> longed for the <spot>. <ask>
"Home is where someone waits for you," said the <friend>. So <name> took the <thing> and turned back.
Everyone (stood at the gate|came running) and wanted to hear about the journey and to see the <thing>.
""")]

ENDINGS = [
    "<name> and the <friend> (stayed|were|became) friends (for ever|all their lives).",
    "That night <name> slept (deeply|well|like a stone), and the <thing> lay beside <him>.",
    "And whenever <name> saw <a_thing>, <he> (smiled|thought of the <friend>).",
    "\"(Thank you|What a day)!\" said <name>, and they (drank tea|ate honey cake|danced) together until the (stars|moon) came out.",
    "So <name> learned that (a friend is worth more than gold|kindness comes back|two can do more than one|it is good to ask for help).",
    "They went home (hand in hand|singing|slowly through the evening), and all was well.",
    "From that day on the <hero> and the <friend> met every (Sunday|evening) and looked at the <thing>.",
    "And if they have not moved away, <name> and the <friend> still live <place>.",
    "The <hero> was happy, and so was the <friend>.",
    "And that is the story of <name> and the <thing>.",
]
