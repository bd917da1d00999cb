/* SPDX-License-Identifier: GPL-2.0-or-later */
/* predict_all.h: every way of sending for one profile, the best first: `forecall predict --with all`. */
#ifndef CLI_PREDICT_ALL_H
#define CLI_PREDICT_ALL_H

struct cli;
struct store;
struct answer_options;

/* What the user knows of the bursts where the profile does not: "one", "many" or NULL. */
struct predict_known {
	const char *sockets, *destinations;
};

/* Predicts each way against options->baseline for options->profile, from options->bench or, when that is STORE_NULL, from the
 * newest bench that suits each; prints the table or the JSON object. 0 or as answer_predict(), said. */
int predict_all(const struct cli *cli, struct store *store, const struct answer_options *options, const struct predict_known *known);

#endif
