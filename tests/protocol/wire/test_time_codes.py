"""The codes of times in queries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.wire import encoding as wire

from ..families import examples

CODES_OF_8_BITS = {
    0x7F: 127,
    0x80: 128,
    0x81: 136,
    0x82: 144,
    0x83: 152,
    0x8F: 248,
    0x90: 256,
    0x9F: 496,
    0xA0: 512,
    0xFE: 30720,
    0xFF: 31744,
}

CODES_OF_16_BITS = {
    0x7FFF: 32767,
    0x8000: 32768,
    0x8001: 32776,
    0x8FFF: 65528,
    0x9000: 65536,
    0xFFFF: 8387584,
}


class TimeCodeTests(SynchronousTestCase):
    """The floating-point codes of response times and query intervals."""

    def test_known_8_bit_codes_are_encoded_and_decoded(self) -> None:
        """ENC-01: the worked values, in both directions."""
        for code, value in CODES_OF_8_BITS.items():
            self.assertEqual(wire.decode_float(code, 8), value)
            self.assertEqual(wire.encode_float(value, 8), code)

    def test_known_16_bit_codes_are_encoded_and_decoded(self) -> None:
        """ENC-02: the worked values, in both directions."""
        for code, value in CODES_OF_16_BITS.items():
            self.assertEqual(wire.decode_float(code, 16), value)
            self.assertEqual(wire.encode_float(value, 16), code)

    def test_every_code_is_decoded_and_encoded_to_itself(self) -> None:
        """ENC-03: all 256 and all 65536 codes."""
        for bits in (8, 16):
            for code in range(1 << bits):
                self.assertEqual(wire.encode_float(wire.decode_float(code, bits), bits), code)

    def test_larger_codes_are_longer_times(self) -> None:
        """For both sizes."""
        for bits in (8, 16):
            values = [wire.decode_float(code, bits) for code in range(1 << bits)]
            self.assertEqual(values, sorted(set(values)))

    @given(st.sampled_from([8, 16]), st.integers(0, 10_000_000))
    @examples(10)
    def test_encoded_time_is_the_longest_not_above_the_value(self, bits: int, value: int) -> None:
        """ENC-03: the next code is above it."""
        code = wire.encode_float(value, bits)
        self.assertLessEqual(wire.decode_float(code, bits), value)
        if code + 1 < 1 << bits:
            self.assertGreater(wire.decode_float(code + 1, bits), value)

    def test_default_times_have_the_known_codes(self) -> None:
        """A.12: 150 s becomes 144 s."""
        self.assertEqual(wire.encode_float(wire.tenths(10), 8), 0x64)
        self.assertEqual(wire.encode_float(wire.tenths(1), 8), 0x0A)
        self.assertEqual(wire.encode_float(wire.milliseconds(10), 16), 0x2710)
        self.assertEqual(wire.encode_float(wire.milliseconds(1), 16), 0x03E8)
        self.assertEqual(wire.encode_float(125, 8), 0x7D)
        self.assertEqual(wire.encode_float(150, 8), 0x82)

    def test_negative_time_is_encoded_as_0(self) -> None:
        """There is no negative code."""
        self.assertEqual(wire.encode_float(-1, 8), 0)

    def test_tenths_and_milliseconds_are_exact(self) -> None:
        """A fraction of a unit is cut off."""
        for number in range(100_000):
            self.assertEqual(wire.tenths(number / 10), number)
            self.assertEqual(wire.milliseconds(number / 1000), number)
        self.assertEqual(wire.tenths(0.25), 2)
        self.assertEqual(wire.milliseconds(0.0015), 1)
