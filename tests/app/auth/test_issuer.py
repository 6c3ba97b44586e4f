"""The keys that an issuer publishes, with a real issuer on loopback."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.auth.authenticator import Authenticator
from app.auth.issuer import MAX_JWK_SET
from app.auth.keyring import MAX_TRIES, KeyRing
from app.auth.keys import public_keys
from app.web.problems import Unauthorized, Unavailable
from tests.app.auth.issuer import Issuer
from tests.app.auth.signing import SECRET, Signer, authenticator, bearer, signer

OLD, NEW, FORGED = signer("EdDSA", "old"), signer("EdDSA", "new"), signer("EdDSA", "forged")
AN_HOUR = 3600.0


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer(OLD) as issuer:
        yield issuer


def reader(
    issuer: Issuer,
    *,
    interval: float = 0.0,
    max_age: float = AN_HOUR,
    timeout: float = 10.0,
    cache_size: int = 0,
) -> Authenticator:
    """An Authenticator with the issuer's keys, which asks for an unknown key at once."""
    return authenticator(
        jwt_jwks_url=issuer.url,
        jwt_algorithm=("EdDSA", "ES256", "RS256"),
        jwt_jwks_interval=interval,
        jwt_jwks_max_age=max_age,
        jwt_jwks_timeout=timeout,
        jwt_cache_size=cache_size,
    )


async def user(known: Authenticator, signer: Signer) -> str:
    return (await known.authenticate(bearer(signer.token()))).user_id


async def refused(known: Authenticator, signer: Signer) -> bool:
    with pytest.raises(Unauthorized):
        await user(known, signer)
    return True


def test_a_published_key_is_fetched_when_it_is_needed(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert issuer.fetches == 0
        assert await user(known, OLD) == await user(known, OLD) == "alice"
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_keys_of_all_families_can_be_published_with_and_without_alg(issuer: Issuer, algorithm: str) -> None:
    async def story() -> None:
        named, nameless = signer(algorithm, "named"), signer(algorithm, "nameless")
        issuer.publish(named, nameless.jwk(alg=None, use=None))
        known = reader(issuer)
        assert await user(known, named) == await user(known, nameless) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_a_new_key_works_at_once(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.publish(OLD, NEW)
        assert await user(known, NEW) == await user(known, OLD) == "alice"
        assert issuer.fetches == 2
        await known.aclose()

    asyncio.run(story())


def test_a_withdrawn_key_is_noticed_in_the_background_and_its_tokens_forgotten(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer, max_age=0.01, cache_size=10)
        headers = bearer(OLD.token())
        assert (
            (await known.authenticate(headers)).user_id
            == (await known.authenticate(headers)).user_id
            == "alice"
        )
        assert known.cache_hits == 1
        issuer.publish(NEW)
        # When the second of these fetches begins, the first is over.
        await issuer.asked(issuer.fetches + 3)
        with pytest.raises(Unauthorized):
            await known.authenticate(headers)
        assert await user(known, NEW) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_tokens_stay_remembered_while_keys_are_only_added(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer, cache_size=10)
        headers = bearer(OLD.token())
        await known.authenticate(headers)
        issuer.publish(NEW, OLD)
        assert await user(known, NEW) == "alice"
        await known.authenticate(headers)
        assert known.cache_hits == 1
        await known.aclose()

    asyncio.run(story())


def test_all_keys_can_be_withdrawn(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.publish()
        assert await refused(known, NEW)
        assert await refused(known, OLD)
        await known.aclose()

    asyncio.run(story())


def test_200_requests_with_an_unknown_kid_cause_one_fetch_and_delay_nobody(
    issuer: Issuer,
) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.hold()
        unknown = [asyncio.create_task(refused(known, FORGED)) for _ in range(200)]
        await issuer.asked(2)
        for _ in range(50):
            assert await user(known, OLD) == "alice"
        assert not any(task.done() for task in unknown)
        issuer.release()
        assert all(await asyncio.gather(*unknown))
        assert issuer.fetches == 2
        await known.aclose()

    asyncio.run(story())


def test_an_unknown_kid_causes_no_second_fetch_within_the_interval(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer, interval=AN_HOUR)
        assert await user(known, OLD) == "alice"
        for _ in range(100):
            assert await refused(known, FORGED)
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


def test_a_bad_signature_under_a_known_kid_causes_no_fetch(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        assert await refused(known, Signer("EdDSA", OLD.kid, FORGED.key))
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("algorithm", ["HS256", "none", "ES384"])
def test_an_algorithm_that_is_not_the_issuers_causes_no_fetch(issuer: Issuer, algorithm: str) -> None:
    async def story() -> None:
        known = reader(issuer)
        header = json.dumps({"alg": algorithm, "kid": "unknown"}).encode()
        token = Signer("HS256").sign(header, b'{"sub":"alice","exp":9999999999}')
        with pytest.raises(Unauthorized):
            await known.authenticate(bearer(token))
        assert issuer.fetches == 0
        await known.aclose()

    asyncio.run(story())


def test_a_start_with_the_issuer_down_works_once_it_is_up(issuer: Issuer) -> None:
    async def story() -> None:
        issuer.stop()
        known = reader(issuer)
        with pytest.raises(Unavailable):
            await user(known, OLD)
        issuer.start()
        assert await user(known, OLD) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_a_dead_issuer_is_asked_again_in_the_background(issuer: Issuer) -> None:
    async def story() -> None:
        issuer.reply = (503, {}, b"")
        known = reader(issuer, interval=0.01, max_age=0.01)
        with pytest.raises(Unavailable):
            await user(known, OLD)
        issuer.publish(OLD)
        await issuer.asked(issuer.fetches + 3)
        issuer.stop()
        assert await user(known, OLD) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_while_no_key_was_ever_fetched_the_issuer_is_asked_once_per_interval(issuer: Issuer) -> None:
    async def story() -> None:
        issuer.reply = (500, {}, b"")
        known = reader(issuer, interval=AN_HOUR)
        for _ in range(20):
            with pytest.raises(Unavailable):
                await user(known, OLD)
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


def test_old_keys_stay_while_the_issuer_is_down(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.stop()
        assert await refused(known, NEW)
        assert await user(known, OLD) == "alice"
        issuer.publish(OLD, NEW)
        issuer.start()
        assert await user(known, NEW) == "alice"
        await known.aclose()

    asyncio.run(story())


NEW_SET = json.dumps({"keys": [NEW.jwk()]}).encode()


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param((500, {}, NEW_SET), id="500"),
        pytest.param((404, {}, b"not found"), id="404"),
        pytest.param((304, {}, b""), id="304"),
        pytest.param((200, {}, b""), id="nothing"),
        pytest.param((200, {}, b"<!doctype html><p>Sign in"), id="HTML"),
        pytest.param((200, {}, NEW_SET[:-9]), id="half a set"),
        pytest.param((200, {"content-length": "99999"}, NEW_SET[:-9]), id="a connection that broke"),
        pytest.param((200, {}, b"\xff\xfe\x00"), id="bytes"),
        pytest.param((200, {}, b"null"), id="null"),
        pytest.param((200, {}, json.dumps([NEW.jwk()]).encode()), id="a bare list"),
        pytest.param((200, {}, b"{}"), id="no keys"),
        pytest.param((200, {}, b'{"keys":{}}'), id="keys that are no list"),
        pytest.param((200, {}, b'{"keys":' + b"[" * 100_000), id="deep nesting"),
        pytest.param((200, {}, NEW_SET + b" " * MAX_JWK_SET), id="more than 1 MiB"),
        pytest.param((200, {"a" * 70_000: "b"}, NEW_SET), id="headers without end"),
        pytest.param((200, {"content-encoding": "gzip"}, b"\x1f\x8b\x08"), id="gzip that was not asked for"),
    ],
)
def test_old_keys_stay_when_the_issuer_answers(
    issuer: Issuer, reply: tuple[int, dict[str, str], bytes]
) -> None:
    async def story() -> None:
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.reply = reply
        assert await refused(known, NEW)
        assert issuer.fetches >= 2
        assert await user(known, OLD) == "alice"
        issuer.publish(NEW)
        assert await user(known, NEW) == "alice"
        await known.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(issuer: Issuer, status: int) -> None:
    async def story() -> None:
        with Issuer(NEW) as other:
            known = reader(issuer)
            assert await user(known, OLD) == "alice"
            issuer.reply = (status, {"location": other.url}, b"")
            assert await refused(known, NEW)
            assert (issuer.fetches >= 2, other.fetches) == (True, 0)
            await known.aclose()

    asyncio.run(story())


def test_an_issuer_that_hangs_delays_only_tokens_with_an_unknown_kid(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer, timeout=0.2)
        assert await user(known, OLD) == "alice"
        issuer.hold()
        assert await refused(known, NEW)
        assert await user(known, OLD) == "alice"
        issuer.publish(NEW)
        issuer.release()
        for _ in range(100):
            with suppress(Unauthorized):
                assert await user(known, NEW) == "alice"
                break
        assert await user(known, NEW) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_an_issuer_that_answers_drop_by_drop_is_given_up(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer, timeout=0.2)
        assert await user(known, OLD) == "alice"
        issuer.drips = True
        assert await refused(known, NEW)
        assert await user(known, OLD) == "alice"
        issuer.drips = False
        issuer.publish(NEW)
        for _ in range(100):
            with suppress(Unauthorized):
                assert await user(known, NEW) == "alice"
                break
        assert await user(known, NEW) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_keys_that_make_no_sense_do_not_spoil_the_others(issuer: Issuer) -> None:
    async def story() -> None:
        issuer.publish(
            {}, {"kty": "EC", "crv": "P-256", "x": 1}, {"kty": "dilithium"}, OLD, Signer("HS256", "oct").jwk()
        )
        assert await user(reader(issuer), OLD) == "alice"
        issuer.reply = (200, {}, json.dumps({"keys": [None, 7, "key", [], OLD.jwk()]}).encode())
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_an_unusable_key_is_logged_once_with_the_reason(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        encryption, weak = OLD.jwk(use="enc", kid="for encryption"), OLD.jwk(kid="weak", x="c2VjcmV0")
        issuer.publish(OLD, encryption, weak, weak)
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        issuer.publish(weak, OLD, {**encryption, "kid": "another"}, "nonsense", encryption)
        assert await refused(known, NEW)
        assert await refused(known, NEW)
        await known.aclose()

    asyncio.run(story())
    assert [record.getMessage() for record in caplog.records] == [
        'the token issuer\'s key "for encryption" is not used: its use is "enc", not sig',
        'the token issuer\'s key "weak" is not used: its numbers do not make a key',
        'the token issuer\'s key "another" is not used: its use is "enc", not sig',
        "the token issuer's key null is not used: it is not a JSON object",
    ]
    assert "c2VjcmV0" not in caplog.text


def test_a_set_of_unusable_keys_does_not_fill_the_log(
    issuer: Issuer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.auth.issuer.MAX_REASONS", 5)

    async def story() -> None:
        issuer.publish(OLD, *({"kty": "AKP", "kid": str(number)} for number in range(20)))
        known = reader(issuer)
        assert await user(known, OLD) == "alice"
        await known.aclose()

    asyncio.run(story())
    assert len(caplog.records) == 5


def test_a_secret_that_an_issuer_publishes_is_never_used(issuer: Issuer) -> None:
    async def story() -> None:
        published = Signer("HS256", "published", "a secret that anybody can read at the address of the keys")
        issuer.publish(OLD, published)
        own = {"jwt_secret": SECRET, "jwt_algorithm": ("EdDSA", "HS256")}
        known = authenticator(jwt_jwks_url=issuer.url, jwt_jwks_interval=0.0, **own)
        assert await user(known, OLD) == "alice"
        assert await refused(known, published)
        assert issuer.fetches == 1
        assert await user(known, Signer("HS256", "ours")) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_1000_keys_are_no_trouble(issuer: Issuer) -> None:
    async def story() -> None:
        signers = [signer("EdDSA", f"key {number}") for number in range(1000)]
        issuer.publish(*signers)
        known = reader(issuer)
        for each in (signers[0], signers[500], signers[999]):
            assert await user(known, each) == "alice"
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


def test_a_token_that_names_no_key_does_not_cost_1000_verifications() -> None:
    signers = [signer("EdDSA", f"key {number}") for number in range(1000)]
    ring = KeyRing(key for each in signers for key in public_keys(each.jwk(), ["EdDSA"]))
    assert len(ring.find("EdDSA", None)) == MAX_TRIES
    assert [key.key_id for key in ring.find("EdDSA", "key 7")] == ["key 7"]


def test_keys_and_tokens_without_kid_fit_each_other(issuer: Issuer) -> None:
    async def story() -> None:
        nameless = Signer("EdDSA", None, OLD.key)
        known = reader(issuer)
        assert await user(known, nameless) == "alice"
        issuer.publish(nameless)
        known = reader(issuer)
        assert await user(known, nameless) == await user(known, OLD) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_two_keys_may_share_a_kid_when_their_types_differ(issuer: Issuer) -> None:
    async def story() -> None:
        one, two = signer("EdDSA", "same"), signer("ES256", "same")
        issuer.publish(one, two)
        known = reader(issuer)
        assert await user(known, one) == await user(known, two) == "alice"
        await known.aclose()

    asyncio.run(story())


def test_closing_ends_a_fetch_that_hangs(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        issuer.hold()
        waiting = asyncio.create_task(user(known, OLD))
        await issuer.asked(1)
        await known.aclose()
        with pytest.raises(Unavailable):
            await waiting

    asyncio.run(story())


def test_one_who_gives_up_does_not_end_the_fetch_of_the_others(issuer: Issuer) -> None:
    async def story() -> None:
        known = reader(issuer)
        issuer.hold()
        impatient, patient = asyncio.create_task(user(known, OLD)), asyncio.create_task(user(known, OLD))
        await issuer.asked(1)
        impatient.cancel()
        issuer.release()
        assert await patient == "alice"
        assert impatient.cancelled()
        assert issuer.fetches == 1
        await known.aclose()

    asyncio.run(story())


def test_it_works_on_in_another_event_loop(issuer: Issuer) -> None:
    known = reader(issuer)
    assert asyncio.run(user(known, OLD)) == "alice"
    issuer.publish(NEW)
    assert asyncio.run(user(known, NEW)) == "alice"
