/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_samples.h: how what was sampled looks: f of the sampling engine, its agreement with the ledger, and the stages of a path. */
#ifndef CLI_SHOW_SAMPLES_H
#define CLI_SHOW_SAMPLES_H

#include <jansson.h>
#include <stddef.h>

struct fraction;
struct run_row;
struct slice;
struct store;

/* The figures of a run of the engine `sample`: text. */
void show_sampled(struct store *store, const struct run_row *run, const struct fraction *fraction);

/* Of a run of both engines: f of the other one and whether they agree. Nothing for a run of the ledger alone. 0 or -errno, said. */
int show_agreement(struct store *store, const struct run_row *run, const struct fraction *fraction);

/* The same into the object of a profile. */
int show_agreement_json(struct store *store, const struct run_row *run, const struct fraction *fraction, json_t *object);

/* The stages of the path in a sampled run, as a table of shares. Nothing when nothing was sampled. */
int show_stages(struct store *store, const struct run_row *run);

/* One way's stages: a list of {"stage", "share", "cycles_per_packet"}; unit: show_unit(). */
json_t *show_stages_json(const struct slice *slice, const char *unit);

#endif
