"""Every kind is found in the ways it is written, and what only looks like one is left alone."""

import pytest

from castalia.guarding.detect import detect
from castalia.guarding.findings import NAMES, Finding, counted, resolve

FOUND = [
    ("email", "Write to jane.doe+news@mail.example.co.uk, please.", "jane.doe+news@mail.example.co.uk"),
    ("email", "<müller@straße.example.de>", "müller@straße.example.de"),
    ("email", "mailto:o'brien@example.org.", "o'brien@example.org"),
    ("phone", "I am at +44 20 7946 0018 all day", "+44 20 7946 0018"),
    ("phone", "0041 44 668 18 00", "0041 44 668 18 00"),
    ("phone", "office: +41 (0)44 668 18 00", "+41 (0)44 668 18 00"),
    ("phone", "650-253-0000 is hers", "650-253-0000"),
    ("phone", "(650) 253-0000 is hers", "(650) 253-0000"),
    ("phone", "her number (650-253-0000)", "650-253-0000"),
    ("phone", "(call +44 20 7946 0018)", "+44 20 7946 0018"),
    ("phone", "It is 01 42 68 53 00, in Paris", "01 42 68 53 00"),
    ("phone", "My phone: 467 3395", "467 3395"),
    ("phone", "Tel.: 030/901820", "030/901820"),
    ("phone", "fax 345-899-3560x4587", "345-899-3560x4587"),
    ("phone", "Gọi 0912 345 678 nhé", "0912 345 678"),
    ("phone", "Ruf mich unter 0171 2345678 an", "0171 2345678"),
    ("card", "4111 1111 1111 1111 until 12/30", "4111 1111 1111 1111"),
    ("card", "my amex 3782-822463-10005", "3782-822463-10005"),
    ("card", "5555555555554444", "5555555555554444"),
    ("card", "card number 630427373398 is lost", "630427373398"),
    ("iban", "IBAN GB82 WEST 1234 5698 7654 32 at the bank", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "de89370400440532013000", "de89370400440532013000"),
    ("iban", "FR1420041010050500013M02606", "FR1420041010050500013M02606"),
    ("us_ssn", "My SSN is 536-90-4399", "536-90-4399"),
    ("us_ssn", "ssn 536904399", "536904399"),
    ("uk_nino", "NI number AB 12 34 56 C", "AB 12 34 56 C"),
    ("de_tax_id", "Steuer-ID 36 574 261 809", "36 574 261 809"),
    ("fr_nir", "n° 2 95 10 99 126 111 93", "2 95 10 99 126 111 93"),
    ("es_id", "DNI 54362315K", "54362315K"),
    ("es_id", "X-2482300W", "X-2482300W"),
    ("it_fiscal_code", "codice fiscale RCCMNL83S18D969H", "RCCMNL83S18D969H"),
    ("nl_bsn", "BSN: 111222333", "111222333"),
    ("ch_ahv", "756.9217.0769.85", "756.9217.0769.85"),
    ("vn_cccd", "Số CCCD: 001093012345", "001093012345"),
    ("ip", "blocked 41.173.96.26 yesterday", "41.173.96.26"),
    ("ip", "from 2001:4860:4860::8888.", "2001:4860:4860::8888"),
]

WRONG_DIGITS = [
    "jane.doe@localhost and @jane and a@b",
    "card 4111 1111 1111 1112",
    "GB82 WEST 1234 5698 7654 33",
    "GB82 WEST 1234 5698 7654 3",
    "My SSN is 666-90-4399, or 936-90-4399, or 536-00-4399",
    "NI number BG123456C",
    "Steuer-ID 36 574 261 808",
    "2 95 10 99 126 111 94",
    "DNI 54362315L",
    "RCCMNL83S18D969A",
    "BSN: 111252333",
    "756.9217.0769.84",
    "+1 23",
    "300.1.2.3 and 1.2.3",
]

ORDINARY = [
    "On 2024-05-01, 01.05.2024, 5/1/2024, 1 May 2024 and 20240501 at 12:30:45 we met.",
    "From 1998-2003 and 1914 - 1918 the price rose from 1,299.00 to 12.500,00 EUR.",
    "It costs $1 234 567, 1 234 567 890 VND or €12.345.678 in total.",
    "Population 8 336 817 people in 2023; 1 000 000 000 users.",
    "Version 1.2.3.4 of the driver; python 3.11.4.1; section 4.1.2.3; v10.20.30.40",
    "ISBN 978-3-16-148410-0 and ISBN-10 0-306-40615-2, ISSN 0378-5955",
    "Order 1234567890, invoice 2024-000123-77, tracking 1Z 999 AA1 01 2345 6784",
    "Order number 4111111111111111 has shipped.",
    "0.69646919, 0.28613933 and -0.77777778 or 3.14159265358979",
    "std::vector<int>::iterator a::b::c, 10:30:45, 16:9, key:value",
    "my router is 192.168.1.1, localhost 127.0.0.1, mask 255.255.255.0, 10.0.0.1",
    "UUID 123e4567-e89b-12d3-a456-426614174000, sha 9f86d081884c7d659a2feaa0c55ad015",
    "coordinates 52.5200 13.4050, 48.8566, 2.3522; scale 1:25000",
    "RFC 2822, ISO 8601, DIN 476, Boeing 747-400, A4 210 x 297 mm",
    "logo@2x.png and package@1.2.3 and git@github.com:me/it.git",
    "timestamp 1700000000 and 1700000000000, port 8080, 65535 rows",
    "The numbers 1 2 3 4 5 6 7 8 9 10 11 12, and 1, 2, 3, 5, 8, 13, 21, 34",
    "Call 911 or 112, or the free line 1-800-253-0000.",
    "2 + 2 = 4; 1234567 x 7654321 = 9449772114007; 100 000 000",
    "score 6-4 7-6 3-6 10-8, 100-99, won 2-0 0-1 3-2",
    "DOI 10.1000/182 and arXiv:2301.12345v2, patent US 7 654 321 B2",
    "zip 90210-1234, case 21-476, flight LH 1234, room 101",
    "DE is Germany, GB is Britain, NO 15, BE 16 and FR 27 are lengths",
    "The password has 123456789 and 987654321 in it.",
    "BSNL offers 111222333 plans; the sum is 36574261808",
]


@pytest.mark.parametrize(("kind", "text", "value"), FOUND)
def test_found(kind: str, text: str, value: str) -> None:
    (finding,) = detect(text)
    assert (finding.kind, finding.text) == (kind, value)
    assert text[finding.start : finding.end] == value


def test_every_kind_is_tested() -> None:
    assert {kind for kind, _, _ in FOUND} == set(NAMES)


@pytest.mark.parametrize("text", WRONG_DIGITS)
def test_wrong_check_digits_are_left_alone(text: str) -> None:
    assert detect(text) == []


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert [(finding.kind, finding.text) for finding in detect(text)] == []


def test_several_in_one_text() -> None:
    text = "Jane (jane@example.com, +44 20 7946 0018) paid with 4111 1111 1111 1111 to GB82WEST12345698765432."
    assert [finding.kind for finding in detect(text)] == ["email", "phone", "card", "iban"]


def test_the_surer_of_two_overlapping_findings_stays() -> None:
    phone, card = Finding("phone", 0, 12, "x" * 12, 0.7), Finding("card", 5, 24, "x" * 19, 0.9)
    other = Finding("email", 30, 40, "x" * 10, 0.5)
    assert resolve([other, phone, card]) == [card, other]


def test_counts_in_words() -> None:
    assert counted(["email", "iban", "email", "ip"]) == "2 e-mail addresses, 1 IBAN, 1 IP address"
