"""What small models do wrong when they write, and what is done about it."""

from castalia.language.mending import invents, is_sound, leaks, loops, said_once, whole

SHOWN = ("The town library will close for repairs on 3 March.",)


def test_an_answer_that_tells_of_the_example_leaks() -> None:
    given = "Divers found a Roman ship."
    assert leaks("The library will close for repairs soon.", SHOWN, given)
    assert leaks("In March the town has no library.", SHOWN, given)
    assert not leaks("Divers found a ship in March.", SHOWN, given)
    assert not leaks("The town library will close for repairs.", SHOWN, "The town library will close for repairs.")


def test_a_sentence_that_says_the_same_words_twice_loops() -> None:
    assert loops("next one in a week and next one in a day")
    assert not loops("The ship that sank is the ship of Bel.")
    assert not loops("Yes.")


def test_numbers_and_names_that_are_not_in_the_source_are_invented() -> None:
    source = "The ship carried three hundred jars of oil to Bel in 1650."
    assert invents("It sank in 1651.", source)
    assert invents("The ship sailed for Rome.", source)
    assert not invents("In 1650 it sailed to Bel.", source)
    assert is_sound("The ship carried oil.", source, 1.0)
    assert not is_sound("The captain slept.", source, 0.5)
    assert is_sound("船运油。", "这艘船在一六五零年运油去贝尔。", 0.5)  # no spaces: words cannot be counted


def test_what_is_said_twice_is_said_once_and_paragraphs_stay() -> None:
    text = "Dear Ann,\n\nI am well. It rains. I am well.\n- one two three\n- one two three\n\nKind regards"
    assert said_once(text) == "Dear Ann,\n\nI am well. It rains.\n- one two three\n\nKind regards"


def test_a_sentence_that_breaks_off_is_left_out_unless_it_is_the_only_one() -> None:
    assert whole("It rains. I am writ") == "It rains."
    assert whole("I am writ") == "I am writ"
    assert whole("It rains.\n\nKind regards") == "It rains.\n\nKind regards"
    assert whole("The pier is wet.\n\nThe pier") == "The pier is wet.", "it begins to say it once more"
    assert whole('He said: "It rains."') == 'He said: "It rains."'
