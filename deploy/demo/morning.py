"""A morning in a warehouse: the story of units, then the story of lots, on the same shelves."""

from deploy.demo.hands import Hands
from deploy.demo.lots import Lots
from deploy.demo.units import Units


class Morning(Hands):
    """Both stories, one after the other."""

    @property
    def units(self) -> Units:
        """The story of serialised goods."""
        return Units(self.outside, self.floor, self.sheet, self.run)

    async def play(self) -> None:
        """The whole morning, in order."""
        units, lots = self.units, Lots(self.outside, self.floor, self.sheet, self.run)
        lots.screw = units.screw
        await units.play()
        await lots.play()
