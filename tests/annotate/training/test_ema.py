from __future__ import annotations

import pytest
import torch

from annotate.training.ema import average_into, warmed_decay


def network(weight, running_mean, n_batches):
    layer = torch.nn.BatchNorm1d(1)
    with torch.no_grad():
        layer.weight.fill_(weight)
        layer.running_mean.fill_(running_mean)
        layer.num_batches_tracked.fill_(n_batches)
    return layer


def test_weights_and_running_statistics_move_by_the_rest_of_the_decay():
    teacher, student = network(1.0, 10.0, 3), network(2.0, 20.0, 5)
    average_into(teacher, student, 0.75)
    assert teacher.weight.item() == 1.25
    assert teacher.running_mean.item() == 12.5
    assert teacher.num_batches_tracked.item() == 5
    assert student.weight.item() == 2.0
    assert not teacher.weight.grad_fn


def test_a_decay_of_0_makes_the_teacher_the_student():
    teacher, student = network(1.0, 10.0, 3), network(2.0, 20.0, 5)
    average_into(teacher, student, 0.0)
    assert teacher.weight.item() == student.weight.item()


def test_while_it_warms_up_the_teacher_is_the_mean_of_all_students():
    teacher = network(100.0, 0.0, 0)
    for step, weight in enumerate([1.0, 2.0, 6.0]):
        average_into(teacher, network(weight, 0.0, 0), warmed_decay(step, 0.99))
    assert teacher.weight.item() == pytest.approx(3.0)


def test_the_decay_ends_where_it_was_told_to():
    assert [warmed_decay(step, 0.75) for step in (0, 1, 3, 4, 100)] == [0, 0.5, 0.75, 0.75, 0.75]
