"""Every package that an image installs has a licence that is allowed."""

import pytest

from tests.docs.licences import IMAGES, installed_by, is_allowed, licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("(AGPL-3.0-only OR GPL-3.0-only) AND MIT", False),
    ],
)
def test_all_licences_of_and_and_one_of_or_must_be_allowed(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed


@pytest.mark.parametrize("image", IMAGES)
def test_every_licence_is_allowed(image: str) -> None:
    licences = {package: licence(package) for package in installed_by(image)}
    assert len(licences) > 25
    assert {package: name for package, name in licences.items() if not is_allowed(name)} == {}
