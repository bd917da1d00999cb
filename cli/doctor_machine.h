/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor_machine.h: the checks of `forecall doctor` that look at the machine's settings. For doctor.c only. */
#ifndef CLI_DOCTOR_MACHINE_H
#define CLI_DOCTOR_MACHINE_H

#include "cli/doctor.h"

/* Each looks at one thing and says in found[] what is there; see struct doctor_check. */
enum doctor_state look_events(char found[DOCTOR_FOUND]);
enum doctor_state look_sampling(char found[DOCTOR_FOUND]);
enum doctor_state look_paranoid(char found[DOCTOR_FOUND]);
enum doctor_state look_symbols(char found[DOCTOR_FOUND]);
enum doctor_state look_lockdown(char found[DOCTOR_FOUND]);
enum doctor_state look_synchronised(char found[DOCTOR_FOUND]);
enum doctor_state look_smt(char found[DOCTOR_FOUND]);
enum doctor_state look_virtual(char found[DOCTOR_FOUND]);
enum doctor_state look_uring(char found[DOCTOR_FOUND]);
enum doctor_state look_modules(char found[DOCTOR_FOUND]);
enum doctor_state look_qemu(char found[DOCTOR_FOUND]);

#endif
