"""Changes of the catalogue: the methods of both clients."""

from typing import TypeVar, Unpack

import httpx

from lead_or_manage_client.calls import PROGRAMS, SKILLS, Call, Resource
from lead_or_manage_client.catalogue import Program, Skill
from lead_or_manage_client.connection import content_of
from lead_or_manage_client.edits import ProgramGiven, ProgramPatch, SkillGiven, SkillPatch, Tombstone
from lead_or_manage_client.sending import AsyncSending, Sending

Item = TypeVar("Item", Program, Skill)


def _tag(item: Item, call: Call[Item], response: httpx.Response) -> str:
    """The ETag of the present state if that is the state you know, else one that the service knows for outdated."""
    known = content_of(call, response)["version"] == item["version"]
    return response.headers.get("ETag", "") if known else f'"version-{item["version"]}"'


class Editing(Sending):
    """Writes programs and skills. All of it needs an API key with the scope admin."""

    def create_program(self, **program: Unpack[ProgramGiven]) -> Program:
        """Keep a program of your organisation."""
        return self._answer(PROGRAMS.create(program))

    def change_program(self, program: Program, **change: Unpack[ProgramPatch]) -> Program:
        """Change a program that you have read, from whichever list. None takes a field away, what is not named stays.

        Raises PreconditionFailed where somebody else has changed it since: read it again, and decide again.
        """
        return self._answer(PROGRAMS.change(program["slug"], self._tag(PROGRAMS, program), change))

    def retire_program(self, program: Program, *, successor: str | None = None) -> Tombstone:
        """Take a program that you have read out of lists and advice for good. Raises as `change_program`."""
        return self._answer(PROGRAMS.retire(program["slug"], self._tag(PROGRAMS, program), successor))

    def create_skill(self, **skill: Unpack[SkillGiven]) -> Skill:
        """Keep a skill of your organisation, for your programs to name."""
        return self._answer(SKILLS.create(skill))

    def change_skill(self, skill: Skill, **change: Unpack[SkillPatch]) -> Skill:
        """Change a skill that you have read, as `change_program` does."""
        return self._answer(SKILLS.change(skill["slug"], self._tag(SKILLS, skill), change))

    def retire_skill(self, skill: Skill, *, successor: str | None = None) -> Tombstone:
        """Take a skill that you have read out of lists for good. Raises as `change_program`."""
        return self._answer(SKILLS.retire(skill["slug"], self._tag(SKILLS, skill), successor))

    def _tag(self, resource: Resource[Item], item: Item) -> str:
        call = resource.get_tag(item["slug"])
        return _tag(item, call, self._send(call))


class AsyncEditing(AsyncSending):
    """Writes programs and skills. All of it needs an API key with the scope admin."""

    async def create_program(self, **program: Unpack[ProgramGiven]) -> Program:
        """Keep a program of your organisation."""
        return await self._answer(PROGRAMS.create(program))

    async def change_program(self, program: Program, **change: Unpack[ProgramPatch]) -> Program:
        """Change a program that you have read, from whichever list. None takes a field away, what is not named stays.

        Raises PreconditionFailed where somebody else has changed it since: read it again, and decide again.
        """
        return await self._answer(PROGRAMS.change(program["slug"], await self._tag(PROGRAMS, program), change))

    async def retire_program(self, program: Program, *, successor: str | None = None) -> Tombstone:
        """Take a program that you have read out of lists and advice for good. Raises as `change_program`."""
        return await self._answer(PROGRAMS.retire(program["slug"], await self._tag(PROGRAMS, program), successor))

    async def create_skill(self, **skill: Unpack[SkillGiven]) -> Skill:
        """Keep a skill of your organisation, for your programs to name."""
        return await self._answer(SKILLS.create(skill))

    async def change_skill(self, skill: Skill, **change: Unpack[SkillPatch]) -> Skill:
        """Change a skill that you have read, as `change_program` does."""
        return await self._answer(SKILLS.change(skill["slug"], await self._tag(SKILLS, skill), change))

    async def retire_skill(self, skill: Skill, *, successor: str | None = None) -> Tombstone:
        """Take a skill that you have read out of lists for good. Raises as `change_program`."""
        return await self._answer(SKILLS.retire(skill["slug"], await self._tag(SKILLS, skill), successor))

    async def _tag(self, resource: Resource[Item], item: Item) -> str:
        call = resource.get_tag(item["slug"])
        return _tag(item, call, await self._send(call))
