"""Alibaba PAI (PaiPlugin 2022-01-12): campaigns that are a name and a remark."""

from syncd.providers.pai.adapter import Pai, capabilities

__all__ = ["Pai", "capabilities"]
