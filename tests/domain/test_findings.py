"""Findings of one image know which calcifications stand in which group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.domain.image import ViewPosition
from tests.exam.two_views import a_group, a_view


def test_members_of_a_group_come_in_its_own_order() -> None:
    """The group lists them with the highest score first, and so they are given."""
    image = a_view(ViewPosition.CC, a_group("a", 50, 0), a_group("b", 20, 0))
    group = image.groups[0]
    assert [member.tracking_uid for member in image.members_of(group)] == list(group.members)
    turned = replace(group, members=group.members[::-1])
    assert [member.tracking_uid for member in image.members_of(turned)] == list(turned.members)


def test_members_of_groups_are_no_singles() -> None:
    """Only what is in no group stands alone."""
    image = a_view(ViewPosition.CC, a_group("a", 50, 0), a_group("b", 20, 0))
    assert image.singles == ()
    alone = replace(image, groups=image.groups[:1])
    assert [single.tracking_uid for single in alone.singles] == list(image.groups[1].members)


def test_a_member_that_is_not_there_is_no_member() -> None:
    """A group of another image is refused."""
    image, other = a_view(ViewPosition.CC, a_group("a", 50, 0)), a_view(ViewPosition.CC, a_group("b", 50, 0))
    with pytest.raises(KeyError):
        image.members_of(other.groups[0])
