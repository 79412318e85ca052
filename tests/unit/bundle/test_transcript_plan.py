"""Transcripts in a plan of exhibits: read strictly, written in one form, every error with its line."""

import pytest

from evidence_kit.bundle.exhibit_plan import ExhibitPlan, read_plan
from evidence_kit.bundle.transcript_plan import MOST_TRANSCRIPTS, PlannedTranscript, Range
from evidence_kit.errors import UsageError
from evidence_kit.verify.plan import planned_items

HEAD = 'schema = "evidence-kit/exhibits/1"\n'
FIRST = HEAD + '[[exhibit]]\nitem = "EV-0001"\nlabel = "A"\n'
TABLE = '[[exhibit.transcript]]\nconversation = 1\nmessages = ["1"]\n'


def read(text: str) -> ExhibitPlan:
    return read_plan(text.encode(), name="exhibits.toml")


def test_a_plan_names_conversations_ranges_and_context() -> None:
    plan = read(
        FIRST
        + '\n[[exhibit.transcript]]\nconversation = 2\nmessages = ["3", " 120 \u2013 180 ", "201-201"]\ncontext = 5\n'
        + '[[ exhibit . transcript ]]\nmessages = ["7"]\nconversation = 1\n'
        + '[[exhibit]]\nitem = "EV-0002"\nlabel = "B"\n'
    )

    first, second = plan.exhibits
    assert first.transcripts == (
        PlannedTranscript(
            conversation=2,
            messages=(Range(first=3, last=3), Range(first=120, last=180), Range(first=201, last=201)),
            context=5,
        ),
        PlannedTranscript(conversation=1, messages=(Range(first=7, last=7),)),
    )
    assert [each.line for each in first.transcripts] == [7, 12]
    assert second.transcripts == ()


def test_what_goes_into_a_bundle_is_read_as_the_same_plan_by_the_kit_and_by_verifiers() -> None:
    plan = read(
        FIRST
        + "regions = [[1, 2, 3, 4]]\n# remark\n"
        + TABLE.replace('"1"', '"120 - 180", "201"')
        + TABLE
        + '[[exhibit]]\nitem = "EV-0002"\nlabel = "B"\n'
        + TABLE
    )

    written = plan.to_toml()

    assert b'messages = ["120-180", "201"]\ncontext = 0\n' in written
    assert read(written.decode()) == plan
    assert read(written.decode()).to_toml() == written
    assert planned_items(written) == ["EV-0001", "EV-0002"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FIRST + TABLE + "title = 1\n", "line 8: 'title' is not known"),
        (FIRST + TABLE.replace("= 1", "= 0"), "line 6: no conversation is named"),
        (FIRST + TABLE.replace("conversation = 1\n", ""), "line 5: no conversation is named"),
        (FIRST + TABLE + "context = -1\n", "line 8: context is not a number of messages"),
        (FIRST + TABLE + "context = 101\n", "line 8: context is not a number of messages"),
        (FIRST + TABLE + "context = true\n", "line 8: context is not a number of messages"),
        *(
            (FIRST + TABLE.replace('["1"]', wrong), "line 7: messages is not a list of numbers and ranges")
            for wrong in ("[]", "[1]", '"1"', '["0"]', '["2-1"]', '["1-3", "3"]', '["5", "4"]', '["all"]', '["1-"]')
        ),
        (FIRST + TABLE.replace('["1"]', str(['"1"'] * 101).replace("'", "")), "line 7: messages is not a list"),
        (FIRST + f"transcript = []\n{TABLE}", "cannot be read"),
        (FIRST + "transcript = [1]\n", "line 5: transcript is not a list of transcripts"),
        (FIRST + TABLE * (MOST_TRANSCRIPTS + 1), "transcript is not a list of transcripts"),
        (FIRST + "[exhibit.transcript]\nconversation = 1\n", "line 5: '.' stands outside"),
        (FIRST + "[[exhibit.transcript.more]]\nconversation = 1\n", "line 5: '.' stands outside"),
        (HEAD + TABLE, "no exhibit is planned"),
    ],
)
def test_every_error_names_the_line_and_says_what_to_do(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        read(text)

    assert caught.value.hint
