"""Settings: order of sources, origins, clear errors."""

from pathlib import Path

import pytest

from castalia.core.config import load, setting_names, variable_of
from castalia.core.errors import ConfigError


def environ(tmp_path: Path, text: str, **more: str) -> dict[str, str]:
    file = tmp_path / "castalia.toml"
    file.write_text(text)
    return {"CASTALIA_CONFIG": str(file), **more}


def test_flags_beat_variables_beat_the_file_beat_defaults(tmp_path: Path) -> None:
    text = "[server]\nport = 1001\nhost = '127.0.0.2'\nmax_queue = 3\n"
    loaded = load({"server.port": "1003"}, environ(tmp_path, text, CASTALIA_SERVER_HOST="127.0.0.3"))
    server = loaded.settings.server
    assert (server.port, server.host, server.max_queue, server.max_upload_mb) == (1003, "127.0.0.3", 3, 64)
    assert loaded.origins["server.port"] == "flag"
    assert loaded.origins["server.host"] == "CASTALIA_SERVER_HOST"
    assert loaded.origins["server.max_queue"].endswith("castalia.toml")
    assert loaded.origins["server.max_upload_mb"] == "default"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nport = 'many'\n", "server.port"),
        ("[sever]\nport = 1\n", "sever.port"),
        ("[server\n", "not valid TOML"),
        ("[guard]\nrequests = 'perhaps'\n", "guard.requests"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"castalia\.toml") as raised:
        load(environ=environ(tmp_path, text))
    assert said in raised.value.message


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="CASTALIA_ENGINES_SLOTS"):
        load(environ={"CASTALIA_ENGINES_SLOTS": "-1"})


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a file"):
        load(environ={"CASTALIA_CONFIG": str(tmp_path / "none.toml")})


def test_the_nearest_file_upwards_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "castalia.toml").write_text("[chooser]\nquestion_cost = 0.9\n")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert load(environ={}).settings.chooser.question_cost == 0.9


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load({"server.api_key": "very-secret"}, {}).settings
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in settings.model_dump_json()


def test_names_and_variables() -> None:
    assert variable_of("engines.idle_minutes") == "CASTALIA_ENGINES_IDLE_MINUTES"
    assert {"home", "server.port", "guard.history"} <= set(setting_names())
    assert all(setting_names().values()), "every setting is described"
