"""What an answer repeats, by docs/protocol/trace.md alone: every place in every record is looked at."""

import json
from collections import Counter

from scale import Reader

LEAST_TOKENS, MARGIN_BITS, COMMON_RECORDS, COMMON_PPM = 4, 32, 16, 1_000
ONE = 1 << 16
MAGIC = b"OLTRACE1"


def log2(number):
    """In 65,536ths, rounded down."""
    whole = number.bit_length() - 1
    mantissa, part = number << 63 - whole if whole <= 63 else number >> whole - 63, 0
    for _ in range(16):
        mantissa = mantissa * mantissa >> 63
        part <<= 1
        if mantissa >> 64:
            mantissa >>= 1
            part |= 1
    return whole * ONE + part


class Traces:
    """A trace index: its records, and at which of their tokens an occurrence may begin."""

    def __init__(self, listed, blob):
        """`listed` is the bytes of its list, `blob` gives those of a content id."""
        manifest = json.loads(listed)
        self.flags = [int(digit) for digit in manifest["alphabet"]]
        self.contributions = [about["contribution"] for about in manifest["contributions"]]
        self.records, self.starts = [], {}
        for shard in manifest["shards"]:
            self.records += records_of(blob(shard["content"]))
        counts = Counter()
        for number, (_, tokens) in enumerate(self.records):
            counts.update(tokens)
            for at, token in enumerate(tokens):
                if at == 0 or not self.inside(tokens[at - 1], token):
                    self.starts.setdefault(token, []).append((number, at))
        self.counts, self.tokens = counts, sum(counts.values())

    def inside(self, before, after):
        """Whether between these tokens is the inside of a word."""
        known = max(before, after) < len(self.flags)
        return known and self.flags[before] & 2 and self.flags[after] & 1

    def improbability(self, token):
        return max(log2(self.tokens) - log2(max(self.counts[token], 1)), 0)

    def spans(self, text):
        """(begin, end, records) of the maximal spans, in order."""
        ends = [at for at in range(1, len(text) + 1) if at == len(text) or not self.inside(text[at - 1], text[at])]
        reached = 0
        for begin in range(len(text)):
            if begin and self.inside(text[begin - 1], text[begin]):
                continue
            found = {}
            for number, at in self.starts.get(text[begin], []):
                tokens, length = self.records[number][1], 1
                while text[begin + length : begin + length + 1] == tokens[at + length : at + length + 1] != ():
                    length += 1
                found[number] = max(found.get(number, 0), length)
            longest = begin + max(found.values(), default=0)
            end = max((end for end in ends if begin < end <= longest), default=0)
            if end > reached:
                reached = end
                yield begin, end, [number for number, length in found.items() if begin + length >= end]

    def credits(self, text):
        """(the bits of a text, {contribution: credit}) in 65,536ths of a bit."""
        text = tuple(text)
        bits = [self.improbability(token) for token in text]
        least = log2(self.tokens) + MARGIN_BITS * ONE
        most = max(COMMON_RECORDS, len(self.records) * COMMON_PPM // 1_000_000)
        spans = [
            (begin, end, records)
            for begin, end, records in self.spans(text)
            if end - begin >= LEAST_TOKENS and sum(bits[begin:end]) >= least and len(records) <= most
        ]
        covers = Counter(at for begin, end, _ in spans for at in range(begin, end))
        credits = Counter()
        for begin, end, records in spans:
            worth = sum(bits[at] // covers[at] for at in range(begin, end))
            for number in records:
                credits[self.records[number][0]] += worth // len(records)
        return sum(bits), {contribution: credit for contribution, credit in sorted(credits.items()) if credit}


def records_of(data):
    """[(contribution, its tokens)] of a shard."""
    if data[:8] != MAGIC:
        raise ValueError("not a shard of a trace index")
    size = int.from_bytes(data[8:12], "little")
    header = Reader(data[12 : 12 + size])
    width, vocabulary, tokens, _, count = header.integer(1), *(header.integer(4) for _ in range(4))
    members = [(header.integer(4), header.integer(4)) for _ in range(header.length())]
    parts, at = [], 12 + size
    for length in (4 * vocabulary, 4 * vocabulary + 4, 4 * count, 4 * count, width * (tokens + count)):
        at = -(-at // 64) * 64
        parts.append(data[at : at + length])
        at += length
    starts, text = numbers(parts[2], 4), numbers(parts[4], width)
    owners = [contribution for contribution, records in members for _ in range(records)]
    ends = [start - 1 for start in (*starts[1:], len(text))]
    return [(owner, text[start:end]) for owner, start, end in zip(owners, starts, ends)]


def numbers(data, size):
    return tuple(int.from_bytes(data[at : at + size], "little") for at in range(0, len(data), size))
