"""What beat asks for, and when. Whoever takes a task late looks at all that is due, so a pile is no use."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab
from environs import Env


def of_beat(env: Env) -> dict[str, dict[str, Any]]:
    """Each task by its name, its time, and after how many seconds a wake-up is dropped."""
    sweep = env.float("SWEEP_SECONDS", 5.0)
    returned = env.float("REPORTS_SECONDS", 60.0)
    asked = (
        ("say that beat is alive", "config.tasks.beat", 60.0, 60),
        ("send what is due", "invites.tasks.sweep_outbox", sweep, 30),
        ("tell the webhook", "invites.tasks.tell_the_webhook", sweep, 30),
        ("watch", "invites.tasks.watch", 60.0, 60),
        ("continue imports", "importer.tasks.continue_imports", sweep, 30),
        ("seal the ledger", "ledger.tasks.seal", 60.0, 60),
        ("publish the ledger's head", "invites.tasks.publish_head", crontab(minute=17), 3600),
        ("forget", "invites.tasks.forget_what_is_over", 300.0, 300),
        ("count figures", "invites.tasks.count_figures", 60.0, 60),
        ("read returned mail", "invites.tasks.read_returned_mail", returned, 60),
        # By the clock: a restart of beat puts nothing off.
        ("forget sessions", "config.tasks.forget_sessions", crontab(hour=3, minute=30), 3600),
        ("count months", "invites.tasks.count_months", crontab(hour=4, minute=30), 3600),
        ("weigh answers", "invites.tasks.weigh_answers",
         crontab(day_of_week=1, hour=4, minute=0), 3600),
    )  # fmt: skip
    return {
        name: {"task": task, "schedule": when, "options": {"expires": seconds}}
        for name, task, when, seconds in asked
    }
