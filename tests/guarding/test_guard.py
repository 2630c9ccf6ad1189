"""The guard's policies: allow, redact, block; history, training sets and answers."""

from typing import ClassVar

import pytest

from castalia.core.config import GuardSettings
from castalia.core.content import Message, Part, ToolCall
from castalia.core.errors import Blocked
from castalia.core.requests import Request
from castalia.guarding.guard import Guard

TEXT = "Write to jane@example.com and joe@example.com; jane@example.com pays with 4111 1111 1111 1111."


def guard(**settings: str) -> Guard:
    return Guard(GuardSettings.model_validate(settings))


class TestRequests:
    def test_allow_tells_and_changes_nothing(self) -> None:
        request = Request.of_text(TEXT)
        guarded = guard(requests="allow").inbound(request)
        assert guarded.request is request
        assert guarded.action == "allow"
        assert [finding.kind for finding in guarded.findings] == ["email", "email", "email", "card"]

    def test_redact_gives_one_value_one_name_everywhere(self) -> None:
        call = ToolCall(id="1", name="send", arguments='{"to": "joe@example.com"}')
        request = Request(
            messages=[
                Message.of_text("You help jane@example.com.", role="system"),
                Message(role="assistant", parts=[], tool_calls=[call]),
                Message(role="user", parts=[Part.of_text(TEXT), Part(type="image", data=b"4111111111111111")]),
            ]
        )
        guarded = guard(requests="redact").inbound(request)
        system, assistant, user = guarded.request.messages
        assert guarded.action == "redact"
        assert system.text == "You help [EMAIL_1]."
        assert assistant.tool_calls[0].arguments == '{"to": "[EMAIL_2]"}'
        assert user.text == "Write to [EMAIL_1] and [EMAIL_2]; [EMAIL_1] pays with [CARD_1]."
        assert user.attachments == request.messages[2].attachments
        assert "jane@example.com" in request.messages[0].text
        assert guarded.request.id == request.id

    def test_block_names_kinds_and_no_value(self) -> None:
        with pytest.raises(Blocked) as caught:
            guard(requests="block").inbound(Request.of_text(TEXT))
        error = caught.value
        assert error.exit_status == 3
        assert "3 e-mail addresses, 1 card number" in error.message
        assert "example.com" not in str(error.as_dict())
        assert "4111" not in str(error.as_dict())

    @pytest.mark.parametrize("policy", ["allow", "redact", "block"])
    def test_nothing_personal_passes_every_policy(self, policy: str) -> None:
        request = Request.of_text("What is 2 + 2?")
        guarded = guard(requests=policy).inbound(request)
        assert guarded.request is request
        assert guarded.action == "allow"


class TestHistory:
    def test_redacted_unless_kept(self) -> None:
        request = Request.of_text(TEXT)
        assert "jane@" not in guard().for_history(request).prompt
        assert guard(history="keep").for_history(request) is request


class TestTraining:
    EXCERPTS: ClassVar = {
        "email": [f"person{index}@example.com" for index in range(50)],
        "phone": ["0490 75 40 81", "467 3395", "78 651 450"] * 10,
        "ssn": ["536904399", "212098765"] * 10,
        "age": [str(index) for index in range(18, 68)],
        "income": ["12500", "48 000", "1299.50"] * 10,
        "born": ["1970-05-01", "1982-12-24"] * 10,
        "notes": ["likes tea"] * 399 + ["ask joe@example.com"],
    }

    def test_redact_leaves_columns_out(self) -> None:
        found = guard(training="redact").training(self.EXCERPTS)
        assert found.drop_columns == ["email", "phone", "ssn"]
        assert found.columns["email"] == {"email": 1.0}
        assert set(found.columns) == {"email", "phone", "ssn", "notes"}
        told = "\n".join(found.warnings)
        assert "email holds personal data (e-mail address in 100% of rows) and is left out" in told
        assert "notes holds personal data" in told

    def test_allow_warns(self) -> None:
        found = guard(training="allow").training(self.EXCERPTS)
        assert found.drop_columns == []
        assert len(found.warnings) == 4
        assert all("may repeat" in warning for warning in found.warnings)

    def test_block_names_the_columns(self) -> None:
        with pytest.raises(Blocked, match="email: e-mail address in 100% of rows") as caught:
            guard(training="block").training(self.EXCERPTS)
        assert "person1@" not in str(caught.value.as_dict())

    def test_clean_data(self) -> None:
        found = guard(training="block").training({"age": ["31", "62"], "empty": []})
        assert (found.columns, found.drop_columns, found.warnings) == ({}, [], [])


class TestAnswers:
    def test_new_personal_data_is_flagged(self) -> None:
        (measure,) = guard().outbound([Part.of_text("Ask jane@example.com.")], Request.of_text("Whom shall I ask?"))
        assert measure.name == "personal data"
        assert measure.status == "flag"
        assert measure.value == 1
        assert "jane" not in measure.note

    def test_what_the_request_held_may_come_back(self) -> None:
        request = Request.of_text("Is +44 20 7946 0018 in London?")
        (measure,) = guard().outbound([Part.of_text("Yes, +442079460018 is in London.")], request)
        assert measure.status == "pass"

    def test_media_has_no_such_measure(self) -> None:
        assert guard().outbound([Part(type="image", data=b"")], Request.of_text("draw")) == []
