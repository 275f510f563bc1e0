"""A labelled corpus of our own: what readers and spammers write, in many voices.

Made from parts, so it is more alike than real talk; the tests therefore also leave whole voices
out of what is taught. Some comments are rude or sell something by accident, and some spam is
polite, on the subject and without a link.
"""

from __future__ import annotations

import random

_FILL = {
    "who": ["my client", "my editor", "a colleague", "my old boss", "the agency", "my sister",
            "a publisher", "the magazine", "our landlord", "the department"],
    "what": ["the invoice", "the contract", "the second draft", "the deadline", "the day rate",
             "the rights clause", "the kill fee", "the chair", "the interview", "the offer"],
    "did": ["asked about", "argued over", "laughed at", "forgot", "sent back", "signed",
            "turned down", "agreed to", "put off", "misread"],
    "when": ["last spring", "two years ago", "on Tuesday", "before the holidays", "in Antwerp",
             "the same week", "after lunch", "when I started", "in my first year", "yesterday"],
    "felt": ["relieved", "foolish", "angry", "proud", "tired", "curious", "less alone", "sceptical",
             "grateful", "uneasy"],
    "thing": ["pills", "watches", "handbags", "followers", "backlinks", "loans", "tokens",
              "essays", "leads", "coupons"],
    "gain": ["a bonus", "500% profit", "free spins", "instant approval", "a huge discount",
             "guaranteed traffic", "fast cash", "a secret trick", "daily payouts", "no risk"],
    "site": ["best-{thing}.example", "top{thing}.example/now", "win.example/{thing}",
             "cheap{thing}.example", "get.example/?r=7"],
    "n": [str(number) for number in range(2, 90)],
}  # fmt: skip
HAM = [
    "I {did} {what} with {who} {when}, and I was {felt} for days.",
    "Thank you. {who} {did} {what} {when} and I wish I had read this before.",
    "I disagree with the part on {what}. {when} it went the other way for me.",
    "What would you say if {who} simply {did} {what}?",
    "This is nonsense. Nobody who has {did} {what} talks like this, you fool.",
    "A small correction: {what} came {n} days later, not {when}.",
    "Reading this {when} made me {felt}; {who} said the same.",
    "Has anybody {did} {what} without a lawyer? {who} says it costs {n} euros.",
    "You are wrong and smug, like {who}. {what} was never the problem.",
    "I kept {n} notes on {what}. Here is my page: https://notes.example/{n}",
    "The story of {what} stayed with me {when}, as it did with {who}.",
    "We read this aloud in class, {n} of us, and {who} was {felt}.",
    "How long did you wait before you {did} {what}?",
    "My rate went from {n} to {n}0 after I {did} {what}. It felt {felt}.",
    "Could you write about {what} for translators? {who} never mentions us.",
    "Sorry for the late answer: yes, {who} {did} {what}, and no, I am not {felt}.",
    "I buy less and ask for more since {when}. Cheap is what {who} wanted.",
    "The link in the third paragraph is broken; I think you mean https://a.example/{n}.",
    "Oh for heaven's sake. {n} pages about {what}, and not one on silence?",
    "My mother {did} {what} all her life and would have been {felt} to read this.",
    "Beautifully put. I was {felt} {when}, over {what} of all things.",
    "Two questions. Who {did} {what} first? And why was {who} {felt}?",
]
SPAM = [
    "Buy {thing} now and get {gain}! https://{site}",
    "Great post! I make {n}00 dollars a day with {thing}, see https://{site}",
    "Hello dear, best {thing} with {gain}, contact us at https://{site} today",
    "CHEAP {thing} CHEAP {thing} {gain} https://{site} https://{site}",
    "I was broke until a doctor on https://{site} showed me {gain}",
    "Nice article. Our agency offers {thing} with {gain}, visit https://{site}",
    "Earn {gain} from home!! {n} people joined {thing} today at https://{site}",
    "Limited offer: {thing} and {gain}, {n}% off, click https://{site}",
    "Thanks for sharing this valuable information, keep posting, {thing} here: https://{site}",
    "Do you want {gain}? Message our expert for {thing}, he recovered my {n}000 dollars",
    "Casino {thing} {gain} jackpot https://{site} sign up bonus {n}",
    "We sell {thing}, worldwide shipping, {gain}, telegram @{thing}{n}",
    "My spouse came back after a spell caster gave me {gain}, email him for {thing}",
    "Rank your website on first page with our {thing}, {gain}, https://{site}",
    "Investment in {thing} brings {gain} every week, trusted platform https://{site}",
    "Wow, amazing blog! Check out {thing} with {gain} on my profile",
    "Hot singles and {thing} near you, {gain}, https://{site}",
    "Order {thing} without prescription, {gain}, discreet delivery https://{site}",
    "I really like your content. For {thing} and {gain} visit my website",
    "Get {n}k {thing} in 24 hours, {gain}, real and cheap: https://{site}",
]


def write(template: str, chance: random.Random) -> str:
    """One text of a voice, with words by chance."""
    text = template
    while "{" in text:
        start, end = text.index("{"), text.index("}")
        text = text[:start] + chance.choice(_FILL[text[start + 1 : end]]) + text[end + 1 :]
    return text


def texts_of(templates: list[str], count: int, seed: int) -> list[str]:
    """So many different texts, the voices in turn; the same ones each time."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    for number in range(count):
        texts = (write(templates[number % len(templates)], chance) for _try in range(1000))
        found[next(text for text in texts if text not in found)] = None
    return list(found)
