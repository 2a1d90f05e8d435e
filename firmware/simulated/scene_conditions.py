"""The words that say what makes a scene what it is, so that a report can count by them."""

from __future__ import annotations

from firmware.simulated.scene_plan import ScenePlan

# From these on, a person would call the picture so.
_SKEWED_DEG = 10.0
_TURNED_DEG = 20.0
_UPSIDE_DOWN_DEG = 135.0
_DARK_EXPOSURE, _BRIGHT_EXPOSURE = 0.75, 1.3
_SMALL_HEIGHT = 0.5
_DEFOCUSED_PX, _MOTION_PX = 1.5, 1.5
_STRONG_WASH, _STRONG_CAST = 0.3, 0.1
_WORN = 0.4


def conditions_of(plan: ScenePlan) -> frozenset[str]:
    """What was drawn, in words: the surface, the holder, the finish, the light, the camera."""
    pose, light, finish = plan.pose, plan.light, plan.finish
    turn = abs((pose.rotation_deg + 180) % 360 - 180)
    casts = light.cast_bgr
    said = {
        plan.surface: True,
        "sleeve": plan.holder not in ("none", "toploader"),
        "toploader": plan.holder == "toploader",
        "foil": finish.foil > 0,
        "wash": finish.wash >= _STRONG_WASH,
        "worn": finish.wear >= _WORN,
        "lamp spot": bool(plan.lamps),
        "upside down": turn >= _UPSIDE_DOWN_DEG,
        "turned": _TURNED_DEG <= turn < _UPSIDE_DOWN_DEG,
        "skewed": max(abs(pose.tilt_x_deg), abs(pose.tilt_y_deg)) >= _SKEWED_DEG,
        "small": pose.height < _SMALL_HEIGHT,
        "dark": light.exposure <= _DARK_EXPOSURE,
        "bright": light.exposure >= _BRIGHT_EXPOSURE,
        "shade": light.shade > 0,
        "colour cast": max(casts) - min(casts) >= _STRONG_CAST,
        "defocus": plan.defocus_px >= _DEFOCUSED_PX,
        "motion blur": plan.motion_px >= _MOTION_PX,
        "other cards": plan.clutter > 0,
        "hand": plan.hand.cover > 0,
    }
    return frozenset(word for word, applies in said.items() if applies)
