"""The known words of the content: the key in a file, and the words that families read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portal.directory.values import AgeRange

# The eight areas of the service's offer (service plan 2018).
OFFERS: Mapping[str, str] = {
    "early-years": "Early years",
    "families": "Family support",
    "emotional-health": "Emotional health",
    "send": "Special educational needs and disabilities",
    "young-people": "Young people",
    "public-health": "Public health",
    "work-and-learning": "Work and learning",
    "voice": "Having your say",
}


# The plan's priority groups, in its order, in words that families would use about themselves.
NEEDS: Mapping[str, str] = {
    "send": "Special educational needs, disabilities or behaviour",
    "neglect": "Children who are not looked after well enough",
    "worklessness": "Out of work or short of money",
    "health-problems": "Health problems",
    "domestic-abuse": "Domestic abuse",
    "mental-health": "Emotional and mental health",
    "young-or-new-parents": "Young or new parents",
    "not-using-services": "Families who find it hard to join in",
    "young-carers": "Young carers",
    "homeless": "Homelessness",
    "asylum-seekers-and-refugees": "Asylum seekers and refugees",
    "sexual-exploitation": "Sexual exploitation",
    "transient-families": "Families who move often, and Travellers",
    "crime-and-antisocial-behaviour": "Crime and antisocial behaviour",
    "school-attendance": "Missing school or at risk of exclusion",
    "risk-taking": "Taking risks",
    "protected-characteristics": "Fair treatment under the Equality Act",
}

# What a Resource Panel is asked for (Gap in Service).
GAP_THEMES: Mapping[str, str] = {
    "transport": "Travel and transport",
    "car-seats": "Car seats, cots, safety gates and other baby equipment",
    "household": "Furniture, bedding and things for the home",
    "clothing": "Clothes, shoes and school uniform",
    "childcare": "Nursery, childcare or a creche",
    "respite": "A break for a parent or carer",
    "courses": "A course or group for parents",
    "activities": "Clubs and activities for children and young people",
    "counselling": "Counselling and talking therapy",
    "language": "English lessons, interpreting and translation",
    "learning": "Help with school and learning",
    "special-needs": "Support or equipment for special needs or a disability",
    "safety": "Support after violence or abuse",
    "other": "Something else",
}

# Those that could harm a family if somebody saw that it looked: no public page or address names
# one, and they share one neutral page (S81). The words are those of its form.
PRIVATE_NEEDS: Mapping[str, str] = {
    "domestic-abuse": "Somebody hurts, scares or controls me or my family",
    "neglect": "A child does not get the care that they need",
    "sexual-exploitation": "Somebody wants sexual things from a young person",
    "risk-taking": "A young person takes risks that could hurt them",
}


# The levels of need at which the service works, the first one first (Continuum of Need).
LEVELS = ("universal", "targeted")


FACILITIES: Mapping[str, str] = {
    "step-free": "Step-free entrance",
    "accessible-toilet": "Accessible toilet",
    "changing-place": "Changing Places toilet",
    "baby-changing": "Baby changing",
    "hearing-loop": "Hearing loop",
    "parking": "Car park",
    "accessible-parking": "Blue Badge parking",
    "buggy-park": "Room for buggies",
    "breastfeeding": "Breastfeeding welcome",
    "garden": "Garden",
    "kitchen": "Kitchen",
    "interpreter": "Interpreter on request",
    "quiet-room": "Quiet room",
    "wifi": "Free wifi",
}


BOOKING_WAYS: Mapping[str, str] = {
    "drop-in": "Drop in",
    "book": "Book a place",
    "request": "Ask for a place",
    "referral": "Through a professional",
}


LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "ur": "Urdu",
    "pl": "Polish",
    "pa": "Punjabi",
    "gu": "Gujarati",
    "bn": "Bengali",
    "ro": "Romanian",
    "ar": "Arabic",
    "bfi": "British Sign Language",
}


OUTCOMES: Mapping[int, str] = {
    1: "Children and young people are safe and protected from harm",
    2: "Families are resilient and can deal with what affects their health and life chances",
    3: "Families live healthily and take part in positive activities",
    4: "Health is protected, and differences in health are reduced",
    5: "Fewer people in poorer communities live with illness that can be prevented",
}

# What the plan puts beside its outcomes. The objectives are those of the Marmot Review of 2010.
MARMOT: Mapping[str, str] = {
    "A": "Best start in life for children",
    "B": "Make the most of your abilities and have control over your life",
    "C": "Fair employment and good work for all",
    "D": "Healthy standard of living",
    "E": "Healthy and sustainable places and communities",
    "F": "Prevention of ill health",
}
# Of the Troubled Families programme. The plan prints them as 2 to 7, because the heading of its
# list has the number 1; its outcomes mean 1 to 6.
TFU_CRITERIA: Mapping[int, str] = {
    1: "Parents or children involved in crime or antisocial behaviour",
    2: "Children who have not been attending school regularly",
    3: "Children who need help",
    4: "Adults out of work or short of money, or young people who may be out of work",
    5: "Families affected by domestic abuse",
    6: "Parents or children with a range of health problems",
}


@dataclass(frozen=True, slots=True)
class OutcomeLinks:
    """What stands beside an outcome in the plan."""

    marmot: tuple[str, ...]
    criteria: tuple[int, ...]


OUTCOME_LINKS: Mapping[int, OutcomeLinks] = {
    1: OutcomeLinks(("A", "B", "C", "D", "E", "F"), (1, 3, 5)),
    2: OutcomeLinks(("B", "C", "D"), (1, 2, 3, 4, 5, 6)),
    3: OutcomeLinks(("A", "B", "C"), (1, 2, 4, 5, 6)),
    4: OutcomeLinks(("D", "F"), (1, 3, 5, 6)),
    5: OutcomeLinks(("A", "C", "D", "E"), (4, 5, 6)),
}


# Whether brothers and sisters may come, and whether a group is for dads.
SIBLINGS: Mapping[str, str] = {
    "welcome": "Brothers and sisters are welcome",
    "ask": "Ask us if brothers and sisters can come",
    "no": "Brothers and sisters cannot come",
}
DADS: Mapping[str, str] = {
    "welcome": "Dads and partners are welcome",
    "only": "Only for dads and other male carers",
    "no": "Only for women",
}


# What a group is good for, as families choose it in the finder.
WELCOME: Mapping[str, str] = {
    "dads": "Dads and partners",
    "quiet": "Peace and quiet",
    "siblings": "Bringing brothers and sisters",
    "creche": "A creche while you learn",
}


REPEATS: Mapping[str, str] = {
    "once": "once",
    "weekly": "every week",
    "fortnightly": "every two weeks",
    "monthly": "every month",
    "daily": "every weekday",
}
# How often a board meets, where it meets more than once.
BOARD_REPEATS: Mapping[str, str] = {
    "weekly": "once a week",
    "fortnightly": "every two weeks",
    "monthly": "once a month",
}
# What came of what people told a board.
SAID_STATES: Mapping[str, str] = {
    "done": "Done",
    "not yet": "Not yet",
    "cannot": "We cannot",
}


# What editors write for a known word, by field: a mistake then says which one is meant.
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "booking": {
        "no": "drop-in", "none": "drop-in", "not needed": "drop-in", "no booking": "drop-in",
        "no need to book": "drop-in", "just turn up": "drop-in", "turn up": "drop-in",
        "walk in": "drop-in", "open": "drop-in", "yes": "book", "online": "book",
        "required": "book", "needed": "book", "essential": "book", "ring": "request",
        "phone": "request", "ask": "request", "on request": "request", "professional": "referral",
        "by referral": "referral", "referral only": "referral",
    },
    "repeats": {
        "every day": "daily", "weekdays": "daily", "each week": "weekly", "every 2 weeks":
        "fortnightly", "every other week": "fortnightly", "biweekly": "fortnightly",
        "bi-weekly": "fortnightly", "each month": "monthly", "no": "once", "none": "once",
        "never": "once", "one off": "once", "one-off": "once", "single": "once",
    },
    "kind": {
        "family centre": "family hub", "hub": "family hub", "youth centre": "young people's centre",
        "youth club": "young people's centre", "nursery": "children's centre",
        "community centre": "neighbourhood centre",
    },
    "facilities": {
        "wheelchair access": "step-free", "wheelchair": "step-free", "ramp": "step-free",
        "lift": "step-free", "disabled toilet": "accessible-toilet", "disabled access": "step-free",
        "accessible toilets": "accessible-toilet", "disabled parking": "accessible-parking",
        "blue badge": "accessible-parking", "car parking": "parking", "nappy changing":
        "baby-changing", "prams": "buggy-park", "pram park": "buggy-park", "wi-fi": "wifi",
        "internet": "wifi", "sensory room": "quiet-room", "loop": "hearing-loop",
    },
    "siblings": {
        "yes": "welcome", "true": "welcome", "all welcome": "welcome", "ask us": "ask",
        "ask first": "ask", "maybe": "ask", "false": "no", "not welcome": "no",
    },
    "dads": {
        "yes": "welcome", "true": "welcome", "dads only": "only", "dads group": "only",
        "false": "no", "mums only": "no", "women only": "no",
    },
    "language": {"bsl": "bfi", "sign language": "bfi", "bangla": "bn", "sylheti": "bn"},
    "offer": {
        "babies": "early-years", "under 5s": "early-years", "youth": "young-people",
        "parenting": "families", "mental health": "emotional-health", "health": "public-health",
        "jobs": "work-and-learning", "work": "work-and-learning",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgeBand:
    """A group of ages that families browse by."""

    slug: str
    title: str
    first: int
    end: int

    @property
    def path(self) -> str:
        return f"/ages/{self.slug}/"

    @property
    def coverage_path(self) -> str:
        """In which districts something is on for this age, and how many homes it reaches."""
        return f"/coverage/ages/{self.slug}/"

    def holds(self, ages: Iterable[AgeRange]) -> bool:
        return any(age.first < self.end and self.first < age.end for age in ages)


AGE_BANDS = (
    AgeBand("pregnancy", "Pregnancy", -9, 0),
    AgeBand("babies", "Babies under 1", 0, 12),
    AgeBand("toddlers", "Toddlers, 1 and 2", 12, 36),
    AgeBand("pre-school", "Pre-school, 3 and 4", 36, 60),
    AgeBand("primary-school", "Primary school, 5 to 10", 60, 132),
    AgeBand("secondary-school", "Secondary school, 11 to 15", 132, 192),
    AgeBand("young-adults", "Young adults, 16 to 25", 192, 312),
)
