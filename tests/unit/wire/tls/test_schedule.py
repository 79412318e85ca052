"""Values of RFC 8448 section 3 (TLS 1.3 example), and of the test vector for the TLS 1.2 PRF that is in common use."""

from evidence_kit.wire.tls.schedule import expand_label, prf, traffic_keys
from evidence_kit.wire.tls.suites import Version, suite_of

SERVER_HANDSHAKE = bytes.fromhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")


def test_keys_and_iv_are_those_of_rfc_8448() -> None:
    key, iv = traffic_keys(suite_of(0x1301, Version.TLS_1_3), SERVER_HANDSHAKE)

    assert key.hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert iv.hex() == "5d313eb2671276ee13000b30"


def test_the_key_of_finished_is_that_of_rfc_8448() -> None:
    assert (
        expand_label("sha256", SERVER_HANDSHAKE, "finished", 32).hex()
        == "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8"
    )


def test_expansion_goes_on_over_several_blocks() -> None:
    long = expand_label("sha256", SERVER_HANDSHAKE, "x", 70)

    assert len(long) == 70
    assert len({long[:32], long[32:64]}) == 2


def test_the_pseudorandom_function_is_that_of_tls_12() -> None:
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")

    assert prf("sha256", secret, b"test label", seed, 100).hex() == (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17"
        "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
    )
