// SPDX-License-Identifier: GPL-2.0
/* sendgroup_main.c: the device /dev/sendgroup and its two calls. An open file belongs to the network namespace and the
 * user that opened it, and keeps the routes of the groups that are sent to through it. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <net/net_namespace.h>

#include "sendgroup.h"

static ushort mode = 0600;
module_param(mode, ushort, 0444);
MODULE_PARM_DESC(mode, "permissions of /dev/sendgroup (default 0600)");

struct sendgroup_file {
	struct net *net;
	struct sendgroup_state *state;
};

static int sendgroup_open(struct inode *inode, struct file *file)
{
	struct sendgroup_file *own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);

	if (!own)
		return -ENOMEM;
	own->state = sendgroup_state_new();
	if (!own->state) {
		kfree(own);
		return -ENOMEM;
	}
	own->net = get_net(current->nsproxy->net_ns);
	file->private_data = own;
	return 0;
}

static int sendgroup_release(struct inode *inode, struct file *file)
{
	struct sendgroup_file *own = file->private_data;

	sendgroup_state_free(own->state);
	put_net(own->net);
	kfree(own);
	return 0;
}

/* ---- One call's recipients, in user memory ---- */

struct user_source {
	struct sendgroup_source source;
	const struct sendgroup_msg *msg;
	u32 record_size;
};

static int user_read(struct sendgroup_source *source, struct sendgroup_call *call, u32 first, u32 n)
{
	struct user_source *own = container_of(source, struct user_source, source);
	const struct sendgroup_msg *msg = own->msg;
	struct sendgroup_state *state = call->state;
	u64 from = msg->records + (u64)first * own->record_size;

	if (copy_from_user(state->records, u64_to_user_ptr(from), n * own->record_size))
		return -EFAULT;
	for (u32 i = 0; i < n; i++) {
		const u8 *record = state->records + i * own->record_size;
		struct sendgroup_item *item = &state->items[i];

		item->index = first + i;
		item->private = *(const struct sendgroup_private *)(record + msg->addr_size);
		sendgroup_item_address(call->sk, item, record, msg->addr_size);
	}
	return 0;
}

static int user_tell(struct sendgroup_source *source, u32 first, u32 n, const s32 *errors)
{
	const struct sendgroup_msg *msg = container_of(source, struct user_source, source)->msg;

	return copy_to_user(u64_to_user_ptr(msg->gerrno + (u64)first * sizeof(s32)), errors, n * sizeof(s32)) ? -EFAULT : 0;
}

/* ---- SENDGROUP_SEND ---- */

static int read_msg(struct sendgroup_msg *msg, const void __user *from)
{
	u32 size;
	int err;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(*msg) || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(msg, sizeof(*msg), from, size);
	if (err)
		return err;
	if (msg->pad || msg->flags & ~SENDGROUP_FLAGS || msg->recnum > INT_MAX)
		return -EINVAL;
	if (msg->addr_size != 16 && msg->addr_size != 32 && msg->addr_size != 128)
		return -EINVAL;
	return 0;
}

/* A payload that cannot be had, or be sent, is an error of each recipient, as it would be of each sendmsg(). */
static int fail_all(struct sendgroup_call *call, struct user_source *source, int err)
{
	s32 *errors = call->state->errors;
	u32 n = source->msg->recnum;

	for (u32 i = 0; i < SENDGROUP_BATCH; i++)
		errors[i] = -err;
	for (u32 first = 0; source->source.tell && first < n; first += SENDGROUP_BATCH) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (user_tell(&source->source, first, min_t(u32, n - first, SENDGROUP_BATCH), errors))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

static int send_locked(struct sendgroup_call *call, const struct sendgroup_msg *msg)
{
	struct user_source source = {
		.source = { .read = user_read, .tell = msg->gerrno ? user_tell : NULL },
		.msg = msg,
		.record_size = msg->addr_size + sizeof(struct sendgroup_private),
	};
	struct iovec iov = { u64_to_user_ptr(msg->shared), msg->shared_len };
	struct iov_iter iter;
	int err = -EMSGSIZE, first_error;

	if (msg->shared_len <= 0xffff) {
		iov_iter_init(&iter, WRITE, &iov, 1, msg->shared_len);
		err = sendgroup_shared_copy(call->state, &iter);
	}
	if (err)
		return err == -ENOMEM ? err : fail_all(call, &source, err);
	sendgroup_options_read(call);
	err = sendgroup_call_run(call, &source.source, msg->recnum, &first_error);
	sendgroup_shared_put(call->state);
	return err;
}

/* A file that another thread is sending through is not waited for: that thread may wait for room. */
static int send_state(struct sendgroup_file *own, struct sendgroup_call *call, const struct sendgroup_msg *msg)
{
	int result;

	call->state = own->state;
	if (mutex_trylock(&own->state->lock)) {
		result = send_locked(call, msg);
		mutex_unlock(&own->state->lock);
		return result;
	}
	call->state = sendgroup_state_new();
	if (!call->state)
		return -ENOMEM;
	result = send_locked(call, msg);
	sendgroup_state_free(call->state);
	return result;
}

static bool same_user(const struct file *file)
{
	const struct cred *opener = file->f_cred, *caller = current_cred();

	return opener->user_ns == caller->user_ns && uid_eq(opener->euid, caller->euid);
}

static int sendgroup_send(struct file *file, const void __user *arg)
{
	struct sendgroup_file *own = file->private_data;
	struct sendgroup_call call = { .net = own->net };
	struct sendgroup_msg msg;
	struct socket *sock;
	int result = read_msg(&msg, arg);

	if (result)
		return result;
	if (!same_user(file))
		return -EPERM;
	sock = sockfd_lookup(msg.fd, &result);
	if (!sock)
		return result;
	call.sk = sock->sk;
	call.flags = msg.flags;
	call.noblock = msg.flags & MSG_DONTWAIT || sock->file->f_flags & O_NONBLOCK;
	result = net_eq(sock_net(sock->sk), own->net) ? sendgroup_socket_ready(sock->sk) : -EXDEV;
	if (!result)
		result = send_state(own, &call, &msg);
	sockfd_put(sock);
	return result;
}

/* ---- SENDGROUP_INFO ---- */

static int sendgroup_info(struct file *file, void __user *arg)
{
	struct sendgroup_state *state = ((struct sendgroup_file *)file->private_data)->state;
	struct sendgroup_info info = { .size = sizeof(info), .version = SENDGROUP_VERSION };
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size != sizeof(info))
		return -EINVAL;
	if (mutex_lock_interruptible(&state->lock))
		return -ERESTARTSYS;
	info.fast = state->fast;
	info.plain = state->plain;
	info.routes = state->routes;
	info.shares = state->shares;
	mutex_unlock(&state->lock);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long sendgroup_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	switch (command) {
	case SENDGROUP_SEND:
		return sendgroup_send(file, (const void __user *)arg);
	case SENDGROUP_INFO:
		return sendgroup_info(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations sendgroup_fops = {
	.owner = THIS_MODULE,
	.open = sendgroup_open,
	.release = sendgroup_release,
	.unlocked_ioctl = sendgroup_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice sendgroup_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sendgroup",
	.fops = &sendgroup_fops,
};

static int __init sendgroup_init(void)
{
	int err;

	sendgroup_device.mode = mode & 0777;
	err = sendgroup_bound_init();
	if (err)
		return err;
	err = misc_register(&sendgroup_device);
	if (err)
		sendgroup_bound_exit();
	return err;
}

static void __exit sendgroup_exit(void)
{
	misc_deregister(&sendgroup_device);
	sendgroup_bound_exit();
}

module_init(sendgroup_init);
module_exit(sendgroup_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Group unicast: one call, one copy of the payload, many receivers");
MODULE_VERSION("1");
