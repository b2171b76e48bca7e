"""The models that the console reads agree with the OpenAPI documents of the services; no drift stays unseen."""

from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from services.console.clients import fulfillment, lots, receipts, returns, serials
from services.console.clients.http import Listing, Model

SOURCES: dict[str, dict[type[Model], str]] = {
    "receiving": {
        receipts.Receipt: "ReceiptSummary", receipts.ReceiptDetail: "ReceiptDetail",
        receipts.ReceiptLine: "ReceiptLineOut", receipts.Session: "SessionSummary",
        receipts.SessionDetail: "SessionDetail", receipts.Scan: "ScanOut", receipts.LotScan: "LotScanOut",
        receipts.ScanAnswer: "ScanResult", receipts.SerialVerdict: "SerialScanResult",
        receipts.LotVerdict: "LotScanResult", receipts.LineProgress: "LineProgress",
        receipts.SessionAnswer: "SessionResult", receipts.Product: "ProductOut", receipts.Location: "LocationOut",
        receipts.Warehouse: "WarehouseOut", receipts.ParsedScan: "ParsedScan", receipts.Candidate: "CandidateOut",
        returns.Discrepancy: "DiscrepancyOut", returns.Return: "ReturnSummary", returns.ReturnDetail: "ReturnDetail",
        returns.ReturnUnit: "ReturnUnitOut", returns.ReturnLot: "ReturnLotOut", returns.ReturnAnswer: "ReturnResult",
        returns.ResolutionAnswer: "ResolutionResult",
    },
    "serials": {
        serials.UnitSummary: "UnitSummary", serials.UnitDetail: "UnitDetail", serials.Hold: "UnitHoldOut",
        serials.HistoryEntry: "UnitHistoryEntry", serials.StatusCount: "StatusCount",
        serials.PutAwayAnswer: "UnitsResult", serials.PutAwayUnit: "UnitSnapshot",
    },
    "lots": {
        lots.Lot: "LotSummary", lots.LotDetail: "LotDetail", lots.LotBalance: "LocationBalance",
        lots.LotSnapshot: "LotSnapshot",
    },
    "fulfillment": {
        fulfillment.PickItem: "PickItem", fulfillment.Order: "OrderSummary", fulfillment.OrderDetail: "OrderDetail",
        fulfillment.OrderUnit: "OrderUnitOut", fulfillment.OrderLot: "OrderLotOut", fulfillment.Carton: "CartonOut",
        fulfillment.Shipment: "ShipmentSummary", fulfillment.ShipmentDetail: "ShipmentDetail",
        fulfillment.DispatchCheck: "DispatchCheckOut", fulfillment.DispatchReason: "DispatchReason",
        fulfillment.DispatchAccepted: "DispatchAccepted", fulfillment.ItemsAnswer: "ItemsResult",
        fulfillment.ShipmentAnswer: "ShipmentResult",
    },
}  # fmt: skip
WITHOUT_SOURCE = {Listing, receipts.Barcode, receipts.ScanProblem, fulfillment.OrderItem}


@pytest.mark.parametrize("service", SOURCES)
def test_models_agree_with_the_services(service: str) -> None:
    """The service answers with each field that the console reads, null only where the console allows it."""
    schemas: dict[str, Any] = import_module(f"services.{service}.app").app.openapi()["components"]["schemas"]
    faults = []
    for model, name in SOURCES[service].items():
        properties = schemas[name]["properties"]
        for field, info in model.model_fields.items():
            if field not in properties:
                faults.append(f"{name} has no {field}")
            elif _is_nullable(properties[field]) and type(None) not in get_args(info.annotation):
                faults.append(f"{name}.{field} may be null")
    assert faults == []


def _is_nullable(schema: dict[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in schema.get("anyOf", ()))


def test_all_models_are_compared() -> None:
    """Each model of the clients has its source, apart from pages and parts."""
    modules = (receipts, returns, serials, lots, fulfillment)
    models = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, BaseModel)
    }
    pages = {each for each in models if issubclass(each, Listing)}
    assert models - pages - {Model} - WITHOUT_SOURCE == {each for source in SOURCES.values() for each in source}
