"""All texts of the finder and the values of its questions, each written once.

The finder has two implementations: `static/find.js` in the browser, and `search.py` for readers
without scripts. Both take their texts from these tables, which reach the browser inside the index,
so that the two cannot drift apart. `{n}`, `{place}` and the like are placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portal.directory import AGE_BANDS
from portal.directory.phrases import MILES as MILES_WORDS
from portal.directory.values import MONTHS, WEEKDAYS
from portal.directory.vocabularies import (
    BOOKING_WAYS,
    FACILITIES,
    LANGUAGES,
    NEEDS,
    OFFERS,
    PRIVATE_NEEDS,
    WELCOME,
)

# How far to look, in miles. If a family does not say, it is as far as the first of WIDER that holds
# at least FEW results, or as many as there are anywhere.
MILES = ("1", "3", "5", "10", "20", "any")
WIDER = ("5", "10", "20", "any")
FEW = 5
# How many results are shown at first, and how many more each time.
PAGE = 20
LONGEST = 100  # characters of a place, or of a list of ages
MOST_AGES = 8

WORDS: Mapping[str, str] = MappingProxyType(
    {
        # the heading: each row is a group or a course, which may have many sessions
        "one": "1 group",
        "many": "{n} groups",
        "no": "No groups",
        "near": " near {place}",
        "none-near": ", none within {usual} miles of {place}",
        "in": " in {place}",
        "on": " matching “{topic}”",
        "for": " for {ages}",
        "on-today": " today",
        "on-tomorrow": " tomorrow",
        "on-weekend": " this weekend",
        "on-next-week": " next week",
        "age": "age {n}",
        "ages": "ages {n}",
        "children": "{n} children: {ages}",
        # a result
        "when": "{weekday} {day} {month}, {times}",
        "when-year": "{weekday} {day} {month} {year}, {times}",
        "moved": "Moved from {weekday} {day} {month}.",
        "moved-time": "Moved from {times}.",
        "elsewhere": "Other place.",
        "more-one": "1 more date",
        "more": "{n} more dates",
        "where": "{venue}, {miles}",
        "no-access": "Ask about access.",
        "language": "In {language}.",
        **MILES_WORDS,
        "next": "Show {n} more",
        # notes under the heading
        "left-out": "We could not use “{words}”, so we left it out.",
        "outside": "{place} is in another council’s area, as far as we know: {council}. Ask "
        "them what is on near you, or find your council at gov.uk/find-local-council.",
        "nearest": "These are our nearest groups.",
        "rough": "The distances are rough: we do not know exactly where {place} is.",
        "wider-no": "Nothing is within {usual} miles, so we looked {far}.",
        "wider-one": "Only 1 group is within {usual} miles, so we looked {far}.",
        "wider": "Only {n} groups are within {usual} miles, so we looked {far}.",
        "far": "within {miles} miles",
        "far-any": "further, at any distance",
        "usual": "{usual} miles, or further if little is near",
        # filters that are chosen, each a link that takes it away
        "remove": "Remove",
        "f-topic": "“{topic}”",
        "f-near": "Near {place}",
        "f-in": "In {place}",
        "f-miles": "Within {n} miles",
        "f-mile": "Within 1 mile",
        "f-room": "Has places",
        "f-together": "For all my children",
        "f-all": "All groups",
        "f-free": "Free",
        # nothing found: what to leave out
        "l-topic": "{n} of any kind",
        "l-age": "{n} for any age",
        "l-room": "{n} with those that you cannot book or join now",
        "l-together": "{n} for some of your children",
        "l-day": "{n} on any day",
        "l-on": "{n} on other dates",
        "l-part": "{n} at any time of day",
        "l-term": "{n} in term time or school holidays",
        "l-miles": "{n} within {miles} miles",
        "l-miles-any": "{n} at any distance",
        "l-near": "{n} anywhere",
        "l-need": "{n} for any need",
        "l-welcome": "{n} that may not be good for everything you chose",
        "l-booking": "{n} with any way of getting a place",
        "l-access": "{n} where the venue may not have everything you chose",
        "l-language": "{n} in any language",
        "l-offer": "{n} on any subject",
        "l-programme": "{n} in any programme",
        "l-free": "{n} that may cost something",
        "l-all": "{n} without any of your choices",
        "next-away": "The next one is {miles} away, on {when}: {venue}.",
        "next-at": "The next one is on {when}: {venue}.",
        "next-none": "No dates are planned. Read above how to get this help.",
        "tell": "Tell me when {title} starts",
        "try": "You could choose one of these instead:",
        "nothing": "Nothing that matches is planned yet.",
        # mistakes
        "e-long": "Use fewer words: a place, a group, or a word or two for what you need.",
        "e-long-place": "Enter a shorter place: a postcode, town, village or centre.",
        "e-place": "We do not know “{near}”. Enter a postcode or a town near you.",
        "e-empty": "Enter a place, a group, or a word for what you need.",
        "e-half": "Enter your whole postcode, or its first part, such as BB4.",
        "e-postcode": "We do not know that postcode. Check it, or enter a town in Lancashire.",
        "e-outside": "That postcode is outside Lancashire. Your own council knows what is near "
        "you: find it at gov.uk/find-local-council. Or enter a town in Lancashire.",
        "e-unknown": "We do not know “{near}”. Try a town or postcode, or another word for what "
        "you need.",
        "e-near": "We do not know “{near}”. Did you mean one of these?",
        "e-which": "There is more than one “{near}”. Choose the one you mean.",
        "e-miles": "Enter a place, to look within {n} miles of it.",
        "e-mile": "Enter a place, to look within 1 mile of it.",
        "e-here": "Your phone did not say where you are. Enter a postcode or a town.",
        "e-away": "You seem to be outside Lancashire. Enter a postcode or a town.",
        "e-age": "Enter an age in years or months, such as 2 or 8 months, or “pregnancy”.",
        "e-old": "Enter an age from pregnancy to 25 years.",
        "e-ages": "Enter no more than 8 ages, with a comma between them.",
        "e-choose": "Choose from the list: {what}.",
        "e-both": "Choose term time or school holidays, not both.",
        "what-day": "days",
        "what-on": "today, tomorrow, this weekend or next week",
        "what-part": "times of day",
        "what-miles": "how far",
        "what-need": "needs",
        "what-welcome": "what it is good for",
        "what-booking": "how to get a place",
        "what-access": "what the venue must have",
        "what-language": "languages",
        "what-offer": "what it is about",
        "what-programme": "programmes",
        "what-term": "term time or holidays",
        "what-order": "how to sort",
        "what-free": "free or not",
        "what-room": "has places or not",
        "what-together": "all my children",
    }
)

# The values of each question that takes several, with their words.
CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "day": {day.lower(): day for day in WEEKDAYS} | {"weekend": "Weekend"},
        "on": {
            "today": "Today",
            "tomorrow": "Tomorrow",
            "weekend": "This weekend",
            "next-week": "Next week",
        },
        "part": {"morning": "Morning", "afternoon": "Afternoon", "evening": "Evening, from 5pm"},
        "term": {"term": "In term time", "holidays": "In school holidays"},
        # A private need would be part of an address, and so of a browser's history (S81).
        "need": {key: said for key, said in NEEDS.items() if key not in PRIVATE_NEEDS},
        "welcome": WELCOME,
        "booking": BOOKING_WAYS,
        "access": FACILITIES,
        "language": LANGUAGES,
        "offer": OFFERS,
    }
)

# The age bands by slug: months from and to, and the words for headings.
BANDS: Mapping[str, tuple[int, int, str]] = MappingProxyType(
    {band.slug: (band.first, band.end, band.title.partition(",")[0].lower()) for band in AGE_BANDS}
)
# What else may be typed for an age band.
AGE_WORDS: Mapping[str, str] = MappingProxyType(
    {slug.replace("-", " "): slug for slug in BANDS}
    | {
        "expecting": "pregnancy",
        "expecting a baby": "pregnancy",
        "pregnant": "pregnancy",
        "bump": "pregnancy",
        "unborn": "pregnancy",
        "baby": "babies",
        "newborn": "babies",
        "toddler": "toddlers",
        "preschool": "pre-school",
        "primary": "primary-school",
        "secondary": "secondary-school",
        "young adult": "young-adults",
    }
)

# Patterns of postcodes and ages, for both Python and JavaScript. 'space' includes control
# characters and marks that change the direction of text.
WRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "space": "[\\x00-\\x20\\x7f-\\xa0\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f"
        "\\ufeff\\ufff0-\\uffff]+",
        "marks": "[\\u0300-\\u036f'’‘`´]",
        "whole": "^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9O])([A-Z]{2})$",
        "part": "^([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]?)?$",
        # the area letters of every postcode of the United Kingdom
        "areas": "^(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LU]?"
        "|H[ADGPRSUX]|I[GPV]|K[ATWY]|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]"
        "|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE)[0-9]",
        # the parts of a name that are compared without: 'Newton with Scales', 'Bacup, Lancashire',
        # 'St Annes on Sea', and what kind of building a centre is
        "longer": " (?:with|in|le|on|by|upon|under) .*$",
        "county": "(?: (?:in|lancashire|lancs|england|uk|united kingdom))+$",
        "seaside": " (?:on sea|by the sea|by sea|village|town|town centre|city|city centre"
        "|centre|childrens centre|family centre|family hub|library)$",
        "kinds": "\\b(?:the|childrens?|young|peoples?|family|hub|neighbourhood|community|centre"
        "|library|and)\\b",
        # a postcode that is cut short; and words that say nothing of what a family looks for
        "cut": "^(?:[A-Z]{1,2}[0-9]|[0-9]+$)",
        "noise": "^(?:a|an|the|and|or|of|in|at|on|to|for|by|with|from|near|nearby|around|about|"
        "me|my|i|im|thi|we|us|our|you|your|is|are|am|it|do|can|get|have|has|need|want|looking|look|"
        "find|some|any|there|what|where|when|how|who|please|help|support|advice|info|information|"
        "group|class|classe|course|session|activity|activitie|thing|stuff|something|someone|son|"
        "daughter|boy|girl|child|one|old)$",
        # topics that say who it is for: another word says more of what a family looks for
        "broad": "^(?:baby|toddler|teen|play|mum)$",
        "ages": "[,;&+\\n]| and ",
        "mixed": "^([0-9]{1,2}) ?(?:y|yrs?|years?) ?([0-9]{1,2}) ?(?:m|mo|mths?|months?)$",
        "half": "^([0-9]{1,2}) ?(?:\\.5|½)(?: ?(?:y|yrs?|years?))?$",
        "age": "^([0-9]{1,3})(?: ?(?:-|–|to) ?([0-9]{1,3}))? ?"
        "(w|wks?|weeks?|m|mo|mths?|months?|y|yrs?|years?)?$",
    }
)

# Short and other forms of words in names, by what they are compared as.
SHORT: Mapping[str, str] = MappingProxyType(
    {
        "saint": "st",
        "street": "st",
        "gt": "great",
        "lt": "little",
        "ltl": "little",
        "upr": "upper",
        "lwr": "lower",
        "rd": "road",
        "center": "centre",
        "ctr": "centre",
    }
)

# Forms of words that mean the same in a topic, after a last 's' is taken off.
FORMS: Mapping[str, str] = MappingProxyType(
    {
        "babie": "baby",
        "bub": "baby",
        "daddy": "dad",
        "daddie": "dad",
        "father": "dad",
        "mother": "mum",
        "mummy": "mum",
        "mummie": "mum",
        "mam": "mum",
        "mom": "mum",
        "kid": "child",
        "children": "child",
        "teenager": "teen",
        "weighed": "weigh",
        "weighing": "weigh",
        "counseling": "counselling",
    }
)

CALENDAR: Mapping[str, tuple[str, ...]] = MappingProxyType({"weekdays": WEEKDAYS, "months": MONTHS})
