"""Repetition of open recalls for products whose tracking changes (S46).

Only products without stock or history change their tracking. So nothing has to be found, but later receipts have to be
held. The serials service is also queried for new serial-tracked products, as a notice without products may match them.
"""

from services.lots.recalls.domain.matches import RecallMatch, match_products
from services.lots.recalls.domain.open import add_products
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.reference import ProductChanged


def requery_recalls(uow: RecallsUnitOfWork, event: ProductChanged) -> None:
    """Repeat each open recall that matches a product with another owner, or included it when it was opened."""
    sku, tracking = event.sku, event.tracking
    if sku not in uow.skus_with_new_owner or event.version != uow.product_versions[sku]:
        return
    uow.skus_with_new_owner.remove(sku)
    serial_skus = [sku] if tracking == "SERIAL" else []
    for query, included_skus in uow.open_requests:
        match = match_products(query, {sku: tracking}, serial_skus, ()).get(sku)
        if match or sku in included_skus:
            add_products(uow, query.command, {sku: match or RecallMatch()}, {sku: tracking})
