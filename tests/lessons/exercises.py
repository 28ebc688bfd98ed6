"""The exercises of lessons 4 to 8, by the lesson's number and their names."""

from checking import (
    lesson_4,
    lesson_4_penalty,
    lesson_4_steps,
    lesson_5,
    lesson_5_pairs,
    lesson_5_scores,
    lesson_5_validation,
    lesson_6,
    lesson_6_steps,
    lesson_7,
    lesson_7_average,
    lesson_7_phases,
    lesson_7_pool,
    lesson_8,
    lesson_8_code,
    lesson_8_networks,
)
from checking.engine import Exercise

# The first part of each lesson is the one with all its check_… functions.
PARTS = {
    4: (lesson_4, lesson_4_steps, lesson_4_penalty),
    5: (lesson_5, lesson_5_pairs, lesson_5_scores, lesson_5_validation),
    6: (lesson_6, lesson_6_steps),
    7: (lesson_7, lesson_7_pool, lesson_7_average, lesson_7_phases),
    8: (lesson_8, lesson_8_code, lesson_8_networks),
}
EXERCISES = {
    lesson: {name: found for part in parts for name, found in vars(part).items() if isinstance(found, Exercise)}
    for lesson, parts in PARTS.items()
}
