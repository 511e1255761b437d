"""FST against its equations, written out on a loss whose gradient is known."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from annotate.training.look_ahead import look_ahead_step, momentum_step, wide_look_ahead_step

RATE, DECAY = 0.1, 0.75
STUDENT, TEACHER = 4.0, 1.0
BATCH = 2.0


class OneWeight(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float64))


def loss_of(student, teacher, batch):
    """``(theta - batch)^2 / 2 + (theta - phi)^2 / 2``: the gradient is G below."""
    return (student.weight - batch) ** 2 / 2 + (student.weight - teacher.weight.detach()) ** 2 / 2


def G(theta, phi, batch=BATCH):
    return (theta - batch) + (theta - phi)


def taken(step, batch, **settings):
    """Return student and teacher after one step of plain gradient descent."""
    student, teacher = OneWeight(STUDENT), OneWeight(TEACHER)
    optimizer = torch.optim.SGD(student.parameters(), lr=RATE)
    step(student, teacher, optimizer, batch, loss_of, DECAY, **settings)
    return student.weight.item(), teacher.weight.item()


def follow(phi, theta):
    return DECAY * phi + (1 - DECAY) * theta


def test_the_mean_teacher_follows_the_step():
    theta = STUDENT - RATE * G(STUDENT, TEACHER)
    assert taken(momentum_step, BATCH) == pytest.approx((theta, follow(TEACHER, theta)))


def test_fst_learns_from_the_teacher_of_the_future():
    virtual = STUDENT - RATE * G(STUDENT, TEACHER)
    phi = follow(TEACHER, virtual)
    theta = STUDENT - RATE * G(STUDENT, phi)
    assert taken(look_ahead_step, BATCH, depth=1) == pytest.approx((theta, phi))


def test_fst_d_goes_several_steps_ahead():
    virtual, phi = STUDENT, TEACHER
    for _ in range(3):
        virtual = virtual - RATE * G(virtual, phi)
        phi = follow(phi, virtual)
    theta = STUDENT - RATE * G(STUDENT, phi)
    assert taken(look_ahead_step, BATCH, depth=3) == pytest.approx((theta, phi))


def test_fst_w_follows_the_mean_of_virtual_students():
    batches = [2.0, -1.0, 5.0]
    virtual = [STUDENT - RATE * G(STUDENT, TEACHER, batch) for batch in batches]
    phi = follow(TEACHER, np.mean(virtual))
    theta = STUDENT - RATE * G(STUDENT, phi, batches[0])
    assert taken(wide_look_ahead_step, batches) == pytest.approx((theta, follow(phi, theta)))


def test_no_look_ahead_is_a_step_whose_teacher_stands_still():
    theta = STUDENT - RATE * G(STUDENT, TEACHER)
    assert taken(look_ahead_step, BATCH, depth=0) == pytest.approx((theta, TEACHER))


def test_virtual_steps_leave_no_trace_in_the_optimiser_or_the_running_statistics():
    """With a teacher that the loss ignores, looking ahead must not change the student at all."""
    torch.manual_seed(0)
    start = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))
    batches = torch.randn(5, 8, 4)

    def own_loss(student, teacher, batch):
        return (student.train()(batch) - 1).square().mean()

    def train(step, **settings):
        student, teacher = copy.deepcopy(start), copy.deepcopy(start)
        optimizer = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
        for batch in batches:
            step(student, teacher, optimizer, batch, own_loss, DECAY, **settings)
        return student.state_dict()

    plain, ahead = train(momentum_step), train(look_ahead_step, depth=3)
    for name, values in plain.items():
        assert torch.equal(values, ahead[name]), name
    wide = train(lambda s, t, o, batch, *rest: wide_look_ahead_step(s, t, o, [batch] * 2, *rest))
    for name, values in plain.items():
        assert torch.equal(values, wide[name]), name


def test_the_teacher_never_gets_a_gradient():
    student, teacher = OneWeight(STUDENT), OneWeight(TEACHER)
    optimizer = torch.optim.SGD(student.parameters(), lr=RATE)
    look_ahead_step(student, teacher, optimizer, BATCH, loss_of, DECAY, depth=2)
    assert teacher.weight.grad is None
