"""What a model costs: the list that genai-prices carries, offline, for services that it knows by their address."""

from importlib.metadata import version

from curator.ports import TokenPrice

_PART = 1_000
"""Tokens of a question to the list: small, since prices of very long prompts differ."""


def listed(model: str, *, provider: str | None = None, url: str | None = None) -> TokenPrice | None:
    """The price of a model; None where the list does not know it, or where its address is nobody's it knows.

    Args:
        model: Its name.
        provider: Who serves it, by the list's name.
        url: Else the address it is asked at: a server of one's own has no price.
    """
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=_PART, output_tokens=_PART)
    try:
        if provider is not None:
            found = calc_price(usage, model, provider_id=provider)
        else:
            found = calc_price(usage, model, provider_api_url=url)
    except LookupError:
        return None
    each = 1_000_000 / _PART
    source = f"genai-prices {version('genai-prices')}, {found.provider.name}"
    return TokenPrice(float(found.input_price) * each, float(found.output_price) * each, source)
