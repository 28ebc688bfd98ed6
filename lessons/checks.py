"""A check for each exercise: `check_…(your_function)` says whether it is right, and if not, what it looks like."""

from checking.lesson_1 import (
    check_gradients,
    check_log_sum_exp_backward,
    check_neuron_gradients,
    check_numerical_gradient,
    check_rates,
)
from checking.lesson_2 import (
    check_conv2d,
    check_count_parameters,
    check_pixels_seen,
    check_same_size,
    check_weight_gradient,
)
from checking.lesson_3 import (
    check_batch_norm_backward,
    check_group_norm,
    check_reflect_pad_backward,
    check_relit,
    check_residual_block,
    check_update_running,
)
from checking.lesson_4 import (
    check_best_answers,
    check_discriminator_step,
    check_hinge_losses,
    check_least_squares_losses,
    check_picture_penalty,
)
from checking.lesson_5 import (
    check_best_single_answers,
    check_matching_discriminator_loss,
    check_mean_iou,
    check_pix2pix_generator_loss,
    check_validation_error,
)
from checking.lesson_6 import (
    check_cycle_losses,
    check_discriminators_step,
    check_generators_loss,
    check_share_in_place,
)
from checking.lesson_7 import (
    check_balance,
    check_contributions,
    check_query,
    check_schedule,
    check_tint,
)
from checking.lesson_8 import (
    check_all_answers,
    check_code_gradients,
    check_discriminators_pay,
    check_diversity,
    check_latent_regression,
)

__all__ = [
    "check_all_answers",
    "check_balance",
    "check_batch_norm_backward",
    "check_best_answers",
    "check_best_single_answers",
    "check_code_gradients",
    "check_contributions",
    "check_conv2d",
    "check_count_parameters",
    "check_cycle_losses",
    "check_discriminator_step",
    "check_discriminators_pay",
    "check_discriminators_step",
    "check_diversity",
    "check_generators_loss",
    "check_gradients",
    "check_group_norm",
    "check_hinge_losses",
    "check_latent_regression",
    "check_least_squares_losses",
    "check_log_sum_exp_backward",
    "check_matching_discriminator_loss",
    "check_mean_iou",
    "check_neuron_gradients",
    "check_numerical_gradient",
    "check_picture_penalty",
    "check_pix2pix_generator_loss",
    "check_pixels_seen",
    "check_query",
    "check_rates",
    "check_reflect_pad_backward",
    "check_relit",
    "check_residual_block",
    "check_same_size",
    "check_schedule",
    "check_share_in_place",
    "check_tint",
    "check_update_running",
    "check_validation_error",
    "check_weight_gradient",
]
