"""SCALE, as far as what is read here is encoded in it."""


class Reader:
    """SCALE, read from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        if size > self.left():
            raise ValueError("cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def integer(self, size, signed=False):
        return int.from_bytes(self.take(size), "little", signed=signed)

    def length(self):
        mode = self.data[self.at] & 3
        if mode == 3:
            raise ValueError("a length beyond 2^30")
        return self.integer(1 << mode) >> 2
