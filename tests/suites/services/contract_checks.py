"""Checks that schemathesis makes of each answer besides its own; contracts_test.py loads them."""
import schemathesis


@schemathesis.check
def valid_requests_are_refused_for_their_circumstances_alone(_, response, case):
    """Refusals of a value list it among `errors`; of what fits its schema there must be none."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in (400, 415) or "errors" in response.text:
        raise AssertionError(f"a valid request was refused: {response.text}")
