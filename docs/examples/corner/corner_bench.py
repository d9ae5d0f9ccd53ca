"""The other end of Corner Ads: `syncd providers check corner` starts it."""

from decimal import Decimal
from typing import Any

from syncd.simulator import Settings, Simulator, serve
from syncd.simulator.small import SmallService, SmallWorld, Values


class Corner(SmallService):
    def row(self, campaign_id: str, values: Values) -> dict[str, Any]:
        daily = Decimal(values["budget.daily"] or 0)
        return {"id": campaign_id, "name": values["name"], "daily": daily}

    def page(self, rows: list[dict[str, Any]]) -> Any:
        return {"total": len(rows), "campaigns": rows}

    def wanted(self, body: Any) -> Values:
        return {"budget.daily": str(body["daily"])}


if __name__ == "__main__":
    rows = {f"c{n}": {"name": f"Shop {n}", "budget.daily": f"{n}.50"} for n in range(30)}
    corner = Corner(SmallWorld(rows), key="corner-key-1", base_path="/v1")
    raise SystemExit(serve([Simulator(Settings(provider="corner"), corner)]))
