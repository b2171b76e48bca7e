"""Imports of serials: units that were sold before the registry existed."""

from shared.contracts.commands.serials import RegisterSoldSerials
from shared.contracts.envelope import Message
from shared.imports import Column, ImportKind, RowSet

GROUP = ("sku", "sold_on", "order", "customer", "customer_name", "contact", "shipment", "lot", "manufactured_on")


def build_sale(rows: RowSet) -> list[Message]:
    """Build the registration of the units of one sale."""
    common = {name: rows.first[name] for name in GROUP if name in rows.first}
    serials = [row.get("serial", "") for row in rows.rows]
    texts = {"reason": f"import {rows.number}", "document": rows.number}
    return [RegisterSoldSerials.model_validate({**common, **texts, "serials": serials})]


KINDS = (
    ImportKind(
        "sold-units", "units sold before go-live",
        (
            Column("sku", "SKU of the product", is_required=True, aliases=("item", "article")),
            Column(
                "serial", "serial number", is_required=True, aliases=("serial number", "serial no", "sn"),
                field="serials",
            ),
            Column("sold_on", "day of the sale", "date", is_required=True, aliases=("sale date", "date")),
            Column("order", "order or invoice of the sale", is_required=True, aliases=("invoice",)),
            Column("customer", "customer number", is_required=True),
            Column("customer_name", "name of the customer", "text"),
            Column("contact", "contact of the customer", "text"),
            Column("shipment", "delivery note, by default the order"),
            Column("lot", "lot number"),
            Column("manufactured_on", "manufacturing date", "date", aliases=("manufacturing date", "production date")),
        ),
        key=("sku", "serial"), group=GROUP, item="serial", build=build_sale,
        correction="The unit is registered: correct its lot or expiry date, or take it back as a customer return.",
        omitted={"reason": "names the import", "document": "the number of the import"},
    ),
)  # fmt: skip
