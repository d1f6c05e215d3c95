from __future__ import annotations

from django import template

from engine_app.memory import plan_drawing

register = template.Library()

register.filter("plan_bars", plan_drawing.plan_bars)
