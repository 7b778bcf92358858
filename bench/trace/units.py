"""What tokens are: bytes, or those of the base model's tokenizer."""

import numpy


class Bytes:
    """Bytes of UTF-8."""

    name, width, dtype, vocabulary = "bytes", 1, "u8", 255

    def encode(self, texts):
        return [numpy.frombuffer(text.encode(), dtype=numpy.uint8) for text in texts]

    def piece(self, token):
        return chr(token) if token < 0x80 else "\N{REPLACEMENT CHARACTER}"


class Tokens:
    """Tokens of the base model."""

    name, width, dtype = "tokens", 2, "u16"

    def __init__(self, path):
        import tokenizers

        self.tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self.vocabulary = self.tokenizer.get_vocab_size(with_added_tokens=True)
        assert self.vocabulary <= 0xFFFF

    def encode(self, texts):
        lists = []
        for start in range(0, len(texts), 256):
            batch = self.tokenizer.encode_batch_fast(texts[start : start + 256], add_special_tokens=False)
            lists += [numpy.array(encoding.ids, dtype=numpy.uint16) for encoding in batch]
        return lists

    def piece(self, token):
        return self.tokenizer.decode([token], skip_special_tokens=True)


def continues(piece):
    """Whether a token begins in the middle of a word."""
    return bool(piece) and (piece[0].isalnum() or piece[0] in "_\N{REPLACEMENT CHARACTER}")
