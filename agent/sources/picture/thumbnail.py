"""Small pictures for people to look at."""

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

WIDTH, HEIGHT = 320, 180
_QUALITY = 6  # of 2 to 31, smaller is better; some 10 kB


def jpeg(frame: VideoFrame) -> bytes:
    """Return a picture as JPEG of 320 x 180 pixels, whatever its own shape."""
    small = frame.reformat(width=WIDTH, height=HEIGHT, format="yuvj420p", interpolation="AREA")
    small.pts = 0
    encoder = av.CodecContext.create("mjpeg", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError("mjpeg encodes no pictures")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"qmin": str(_QUALITY), "qmax": str(_QUALITY)}
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
