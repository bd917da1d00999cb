/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_answer.c: a prediction, and what was observed of it, as a line of text and as JSON. */
#include "cli/show.h"

#include <math.h>
#include <stdio.h>

#include "analyze/answer.h"
#include "analyze/store.h"
#include "cli/print.h"

void show_answer(const char *path, const char *alternative, const struct answer *answer, const struct observe *observed)
{
	char f[FIGURE_TEXT], s[FIGURE_TEXT], r[FIGURE_TEXT], seen[FIGURE_TEXT];

	figure_text(answer->fraction.f, f);
	figure_text(answer->speedup.s, s);
	figure_text(answer->predict.predicted, r);
	printf("path %s -> %s   f %s   s %s   r predicted %s", path, alternative, f, s, r);
	if (observed) {
		figure_text(observed->r, seen);
		printf("   r observed %s   error %+.2f %%", seen, 100 * (answer->predict.predicted.value / observed->r.value - 1));
	}
	printf("\n");
	if (isfinite(answer->predict.capacity.value)) {
		figure_text(answer->predict.capacity, r);
		printf("  capacity of the busiest thread: times %s\n", r);
	}
	printf("  cycles saved in all: %.1f %%; at most, with s without bound, r %.4g; the port pays from s %.4g on\n",
	       100 * (1 - 1 / answer->predict.predicted.value), answer->predict.bound, answer->predict.break_even);
}

json_t *show_answer_json(const char *alternative, const struct answer *answer, const struct observe *observed)
{
	json_t *out = json_pack("{ss so so so so sI so so sb}", "way", alternative, "fraction", json_figure(answer->fraction.f, "1"), "speedup",
				json_figure(answer->speedup.s, "1"), "predicted", json_figure(answer->predict.predicted, "1"), "capacity",
				json_figure(answer->predict.capacity, "1"), "prediction", (json_int_t)answer->prediction, "bound",
				json_number(answer->predict.bound), "break_even", json_number(answer->predict.break_even), "forced",
				answer->predict.forced != 0);

	if (out && observed) {
		json_object_set_new(out, "observed", json_figure(observed->r, "1"));
		json_object_set_new(out, "error", json_number(answer->predict.predicted.value / observed->r.value - 1));
	}
	return out;
}
