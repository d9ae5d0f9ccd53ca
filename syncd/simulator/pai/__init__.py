"""The simulated Alibaba PAI: campaigns with a name and a remark, every request billed. It knows its
provider's documents and the server's interface to a service.

Its options are listed in `options`, its kinds of fault in `faults`, its admin acts in `acts`."""

from syncd.simulator.pai.service import Pai

__all__ = ["Pai"]
