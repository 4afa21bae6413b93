"""How far jobs are and what they come to: plain dictionaries, exactly as the service sent them."""

from typing import Literal, TypedDict


class Estimate(TypedDict):
    """How long it will go on, from the speed of the last chunks that were finished."""

    texts_per_second: float
    """Measured up to this moment, so it falls while nothing is finished."""
    seconds_left: int
    """What is left at that speed."""


class Webhook(TypedDict):
    """The message at the end of the job, signed as Standard Webhooks describe."""

    url: str
    """The address that is called."""
    state: Literal["waiting", "due", "delivered", "failed"] | str
    """`waiting` for the end of the job, `due` until a try succeeds, `delivered`, or `failed` after five tries."""
    secret: str | None
    """What the signature is made with: in the answer to the creation only, null elsewhere."""


class JobAnswer(TypedDict):
    """How far a job is."""

    id: str
    """Its id."""
    status: Literal["receiving", "queued", "running", "done", "cancelled"] | str
    """`receiving` until the body has arrived whole; `done` also where single texts have errors."""
    texts: int
    """How many texts the job has."""
    done: int
    """How many of them are finished, with a result or an error."""
    errors: int
    """How many of the finished have an error instead of a result."""
    estimate: Estimate | None
    """How long it will go on; null until two chunks are finished, and after the end."""
    created_at: str
    """When the upload began (RFC 3339)."""
    started_at: str | None
    """When the first text was scored; null before."""
    finished_at: str | None
    """When it ended; null before."""
    expires_at: str
    """When everything of it is deleted."""
    webhook: Webhook | None
    """The message at its end; null if none was asked for."""
    href: str
    """Where to look how far it is."""


class Corrected(TypedDict):
    """An estimate that allows for the model's errors."""

    value: float
    """The estimate."""
    interval: list[float]
    """Its 95 % interval: lower and upper end."""


class VerdictCount(TypedDict):
    """How many texts have one verdict."""

    counted: int
    """As the model read them."""
    corrected: Corrected
    """As many as that probably are, given how often the model takes one verdict for another."""


class VerdictCounts(TypedDict):
    """How many texts have each verdict."""

    leadership: VerdictCount
    """Leadership alone."""
    management: VerdictCount
    """Management alone."""
    both: VerdictCount
    """Both."""
    insufficient: VerdictCount
    """The text says too little to tell."""


class MeanDemand(TypedDict):
    """The mean of one side's demand."""

    mean: float
    """Mean of `demand` over the texts."""
    corrected: Corrected
    """The share of texts that probably call for this side at all."""


class MeanDemands(TypedDict):
    """The mean of both sides' demand."""

    leadership: MeanDemand
    """Of leadership."""
    management: MeanDemand
    """Of management."""


class Summary(TypedDict):
    """What some texts call for, taken together."""

    n: int
    """Texts with a verdict."""
    unreadable: int
    """Texts that the model cannot read; not in `n`."""
    errors: int
    """Items with an error; not in `n`."""
    verdicts: VerdictCounts
    """Counts and corrected shares of the four verdicts."""
    demand: MeanDemands
    """How far leadership and management are called for."""


class GroupSummary(Summary):
    """What the texts of one group call for."""

    group: str | None
    """The group, or null for the texts without one."""


class JobSummary(TypedDict):
    """The texts of a job taken together, in all and by group."""

    total: Summary | None
    """All texts; null under ten."""
    groups: list[GroupSummary]
    """The groups that can be shown, by name; empty where no text has a group."""
    withheld: int
    """How many groups are not shown: those under ten texts, and others from which such a one could be worked out."""
    smallest_group: int
    """The fewest texts that are shown as a group."""
    method: str
    """How the corrected figures are made, and what they rest on."""
