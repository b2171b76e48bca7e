"""The demo scenario: serial-tracked stock, lot-tracked stock, then labels and files, and work left open."""

from deploy.demo.actions import WarehouseActions
from deploy.demo.label_steps import LabelSteps
from deploy.demo.lot_steps import LotSteps
from deploy.demo.open_work import OpenWork
from deploy.demo.serial_steps import SerialSteps


class Scenario(WarehouseActions):
    """All steps of the demo."""

    @property
    def serial_steps(self) -> SerialSteps:
        """Return the steps with serial-tracked stock."""
        return SerialSteps(self.upstream, self.client, self.report, self.run_id)

    async def play(self) -> None:
        """Play all steps in order."""
        serial_steps, lot_steps = self.serial_steps, LotSteps(self.upstream, self.client, self.report, self.run_id)
        lot_steps.screw_sku = serial_steps.screw_sku
        await serial_steps.play()
        await lot_steps.play()
        await LabelSteps(self.upstream, self.client, self.report, self.run_id).play()
        await OpenWork(self.upstream, self.client, self.report, self.run_id).play()
