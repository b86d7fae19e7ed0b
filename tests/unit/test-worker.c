/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/worker.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>

#include "balloond/io/clock.h"
#include "tests/unit/check-main.h"

#define SECOND 1000000u
#define PATIENCE (20u * SECOND)

struct task {
	struct job job;
	sem_t *begun, *go; /* NULL: neither tells nor waits */
	int number;
};

/* What done() and drop() saw; both run on the test's own thread here. */
static int delivered[16];
static size_t n_delivered, n_dropped;

static void run(struct job *job)
{
	struct task *t = (struct task *)job;

	if (t->begun)
		sem_post(t->begun);
	if (t->go)
		sem_wait(t->go);
}

static void done(struct job *job, void *userdata)
{
	ck_assert_ptr_eq(userdata, &n_delivered);
	delivered[n_delivered++] = ((struct task *)job)->number;
	free(job);
}

static void drop(struct job *job)
{
	n_dropped++;
	free(job);
}

static struct job *task(int number, sem_t *begun, sem_t *go)
{
	struct task *t = calloc(1, sizeof(*t));

	ck_assert_ptr_nonnull(t);
	t->job = (struct job){ .run = run, .done = done, .drop = drop };
	t->number = number;
	t->begun = begun;
	t->go = go;
	return &t->job;
}

static void deliver(struct mailbox *mailbox, size_t n)
{
	struct pollfd fd = { .fd = mailbox_fd(mailbox), .events = POLLIN };

	while (n_delivered < n) {
		ck_assert_int_eq(poll(&fd, 1, PATIENCE / 1000), 1);
		(void)mailbox_deliver(mailbox, &n_delivered);
	}
}

START_TEST(jobs_run_and_are_delivered_in_order)
{
	struct mailbox *mailbox;
	struct workers *workers;

	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(1, 8, mailbox, &workers), 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(workers_submit(workers, task(i, NULL, NULL)), 0);
	deliver(mailbox, 8);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(delivered[i], i);
	workers_end(workers, false, PATIENCE);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(a_full_queue_refuses_and_leaves_the_job_to_its_owner)
{
	struct mailbox *mailbox;
	struct workers *workers;
	struct job *refused;
	sem_t begun, go;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(1, 1, mailbox, &workers), 0);
	ck_assert_int_eq(workers_submit(workers, task(0, &begun, &go)), 0);
	sem_wait(&begun);
	ck_assert_int_eq(workers_submit(workers, task(1, NULL, NULL)), 0);
	refused = task(2, NULL, NULL);
	ck_assert_int_eq(workers_submit(workers, refused), -EAGAIN);
	free(refused);
	sem_post(&go);
	deliver(mailbox, 2);
	workers_end(workers, false, PATIENCE);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(background_jobs_leave_the_last_thread_to_others)
{
	struct mailbox *mailbox;
	struct workers *workers;
	struct job *background[2];
	sem_t begun, go;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(2, 8, mailbox, &workers), 0);
	for (int i = 0; i < 2; i++) {
		background[i] = task(i, &begun, &go);
		background[i]->background = true;
		ck_assert_int_eq(workers_submit(workers, background[i]), 0);
	}
	sem_wait(&begun);
	ck_assert_int_eq(workers_submit(workers, task(9, NULL, NULL)), 0);
	deliver(mailbox, 1);
	ck_assert_int_eq(delivered[0], 9);
	sem_post(&go);
	sem_post(&go);
	deliver(mailbox, 3);
	workers_end(workers, false, PATIENCE);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(an_abandoned_job_is_replaced_and_delivered_late)
{
	struct mailbox *mailbox;
	struct workers *workers;
	struct job *hung, *waiting;
	sem_t begun, go, begun_too, go_too;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&begun_too, 0, 0);
	sem_init(&go_too, 0, 0);
	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(1, 8, mailbox, &workers), 0);
	hung = task(1, &begun, &go);
	waiting = task(2, &begun_too, &go_too);
	ck_assert_int_eq(workers_submit(workers, hung), 0);
	sem_wait(&begun);
	ck_assert_int_eq(workers_submit(workers, waiting), 0);
	ck_assert(!workers_abandon(workers, waiting));
	ck_assert(workers_abandon(workers, hung));
	ck_assert(!workers_abandon(workers, hung));
	sem_wait(&begun_too); /* only a second thread can have begun it */
	sem_post(&go_too);
	deliver(mailbox, 1);
	ck_assert_int_eq(delivered[0], 2);
	sem_post(&go);
	deliver(mailbox, 2);
	ck_assert_int_eq(delivered[1], 1);
	workers_end(workers, false, PATIENCE);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(the_end_does_not_wait_for_a_hung_call)
{
	struct mailbox *mailbox;
	struct workers *workers;
	usec_t began;
	sem_t begun, go;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(1, 8, mailbox, &workers), 0);
	ck_assert_int_eq(workers_submit(workers, task(1, &begun, &go)), 0);
	sem_wait(&begun);
	ck_assert_int_eq(workers_submit(workers, task(2, NULL, NULL)), 0);
	began = clock_monotonic();
	workers_end(workers, false, SECOND / 100);
	ck_assert_uint_lt(clock_monotonic() - began, PATIENCE);
	ck_assert_uint_eq(n_dropped, 1);
	/* It ends after all: nobody else holds the pool, and its mailbox still does. */
	sem_post(&go);
	deliver(mailbox, 1);
	ck_assert_int_eq(delivered[0], 1);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(a_drained_pool_runs_what_waits)
{
	struct mailbox *mailbox;
	struct workers *workers;

	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	ck_assert_int_eq(workers_new(1, 8, mailbox, &workers), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(workers_submit(workers, task(i, NULL, NULL)), 0);
	workers_end(workers, true, PATIENCE);
	deliver(mailbox, 4);
	ck_assert_uint_eq(n_dropped, 0);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(a_closed_mailbox_drops)
{
	struct mailbox *mailbox;

	ck_assert_int_eq(mailbox_new(&mailbox), 0);
	mailbox_post(mailbox, task(1, NULL, NULL));
	mailbox_close(mailbox);
	ck_assert_uint_eq(n_dropped, 1);
	mailbox_post(mailbox, task(2, NULL, NULL));
	ck_assert_uint_eq(n_dropped, 2);
	ck_assert_uint_eq(mailbox_deliver(mailbox, &n_delivered), 0);
	mailbox_unref(mailbox);
}
END_TEST

static void reset(void)
{
	n_delivered = n_dropped = 0;
}

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tc = tcase_create("worker");

	tcase_add_checked_fixture(tc, reset, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, jobs_run_and_are_delivered_in_order);
	tcase_add_test(tc, a_full_queue_refuses_and_leaves_the_job_to_its_owner);
	tcase_add_test(tc, background_jobs_leave_the_last_thread_to_others);
	tcase_add_test(tc, an_abandoned_job_is_replaced_and_delivered_late);
	tcase_add_test(tc, the_end_does_not_wait_for_a_hung_call);
	tcase_add_test(tc, a_drained_pool_runs_what_waits);
	tcase_add_test(tc, a_closed_mailbox_drops);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
