// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A remote processor for the kernel's remoteproc core, played by a program in user space.
 *
 * The kernel is the host: it parses the image, allocates, loads, and tells of reset and kicks. The program
 * maps the memory of the board (/dev/openamp-board), emulates the core on it, and tells of interrupts and
 * crashes.
 *
 * The memories of the board are of two kinds, and parameters say where the core sees them (virt-rv32's
 * unless given):
 *
 *   RAM     images and their trace buffers; no ring and no buffer ever lies in it
 *   window  rings, buffers, carve-outs. These are pages of the kernel's own at that very physical address,
 *           since a ring's descriptors hold physical addresses (legacy virtio knows no DMA address), and no
 *           device of the board lies there.
 *
 * read    struct board_event: what has happened since the last read; waits for something
 * write   struct board_command
 * mmap    RAM at offset 0, the window behind it
 *
 * /dev/openamp-board-log: what the core of remoteproc asked of this driver, in order, each time with the
 * resource table as it then stood in the memory of the remote. Any write empties it.
 */
#include <linux/completion.h>
#include <linux/dma-map-ops.h>
#include <linux/elf.h>
#include <linux/firmware.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/remoteproc.h>
#include <linux/uaccess.h>
#include <linux/virtio.h>
#include <linux/virtio_ring.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "remoteproc_elf_helpers.h"
#include "remoteproc_internal.h"

#define CHUNK_ORDER (MAX_ORDER - 1)
#define CHUNK_SIZE (PAGE_SIZE << CHUNK_ORDER)

/* Bytes of RAM; whole pages. */
static unsigned long ram_size = 32u << 20;
module_param(ram_size, ulong, 0444);

/* Where the window is, and its bytes; whole pages. */
static unsigned long long window_da = 0x18000000ull;
module_param(window_da, ullong, 0444);
static unsigned long window_size = 16u << 20;
module_param(window_size, ulong, 0444);

/* What the core sees, three numbers each: address, bytes, offset as in mmap. A memory may be there twice. */
#define RANGES 32
static unsigned long long map[3 * RANGES] = {
	0x80000000ull, 32u << 20, 0, 0x18000000ull, 16u << 20, 32u << 20,
};
static unsigned int map_length = 6;
module_param_array(map, ullong, &map_length, 0444);

/* What images are for: e_machine and class of their ELF header. */
static unsigned int machine = EM_RISCV;
module_param(machine, uint, 0444);
static unsigned int bits = 32;
module_param(bits, uint, 0444);

struct board_event {
	u32 what; /* EVENT_… bits */
	u32 kicks; /* bit n: notify id n */
	u64 entry;
};
#define EVENT_START 1
#define EVENT_STOP 2

struct board_command {
	u32 what;
	u32 argument;
};
#define COMMAND_INTERRUPT 1 /* argument: notify id */
#define COMMAND_STOPPED 2 /* the answer to EVENT_STOP: memory is touched no more */
#define COMMAND_CRASHED 3

#define TABLE_MAX 256
struct board_record {
	char what[16];
	u32 argument;
	u16 avail_idx[2];
	u16 used_idx[2];
	u32 table_length;
	u8 table[TABLE_MAX];
};
#define RECORDS 256

static struct platform_device *pdev;
static struct rproc *rp;
static void *ram;
static struct page *window;
static unsigned long *window_map;

static DEFINE_SPINLOCK(event_lock);
static DECLARE_WAIT_QUEUE_HEAD(event_queue);
static struct board_event pending;
static DECLARE_COMPLETION(stopped);
static bool played; /* a program has the device open */
module_param(played, bool, 0444);

static struct board_record *records;
static unsigned int record_count;
static DEFINE_MUTEX(record_lock);

/*
 * A remote that runs without the kernel: with keep, a stop leaves the core running, as whoever has started
 * it before Linux would; a write to detached then says that it does.
 */
static bool keep;
module_param(keep, bool, 0644);
static struct resource_table *loaded_table;
static size_t loaded_table_size;

/* The offset, as in mmap, of what the core sees at an address; -1 where that is no memory. */
static s64 offset_of(u64 da, size_t len)
{
	unsigned int i;

	for (i = 0; i + 2 < map_length; i += 3)
		if (da >= map[i] && da - map[i] < map[i + 1] && len <= map[i + 1] - (da - map[i]))
			return map[i + 2] + (da - map[i]);
	return -1;
}

static void *window_at(u64 pa)
{
	return page_address(window) + (pa - window_da);
}

/* The pages of a part of the window, in the map of what is taken of it. */
static void mark(u64 pa, size_t len, bool taken)
{
	unsigned long first = (pa - window_da) >> PAGE_SHIFT;
	unsigned long end = PAGE_ALIGN(pa - window_da + len) >> PAGE_SHIFT;

	if (taken)
		bitmap_set(window_map, first, end - first);
	else
		bitmap_clear(window_map, first, end - first);
}

static void record(const char *what, u32 argument)
{
	struct board_record *r;
	struct rproc_vdev *rvdev;
	int i;

	mutex_lock(&record_lock);
	if (record_count == RECORDS)
		goto out;
	r = &records[record_count++];
	memset(r, 0, sizeof(*r));
	strscpy(r->what, what, sizeof(r->what));
	r->argument = argument;
	if (rp->table_ptr && rp->table_ptr != rp->cached_table) {
		r->table_length = min_t(u32, rp->table_sz, TABLE_MAX);
		memcpy(r->table, rp->table_ptr, r->table_length);
	}
	rvdev = list_first_entry_or_null(&rp->rvdevs, struct rproc_vdev, node);
	for (i = 0; rvdev && i < 2; i++) {
		const struct vring *ring;

		if (!rvdev->vring[i].vq)
			continue;
		ring = virtqueue_get_vring(rvdev->vring[i].vq);
		r->avail_idx[i] = ring->avail->idx;
		r->used_idx[i] = ring->used->idx;
	}
out:
	mutex_unlock(&record_lock);
}

static void post(u32 what, u32 kicks)
{
	unsigned long flags;

	spin_lock_irqsave(&event_lock, flags);
	pending.what |= what;
	pending.kicks |= kicks;
	spin_unlock_irqrestore(&event_lock, flags);
	wake_up_interruptible(&event_queue);
}

/* ---- what the core of remoteproc asks of a driver */

static void *board_da_to_va(struct rproc *rproc, u64 da, size_t len, bool *is_iomem)
{
	s64 offset = offset_of(da, len);

	if (offset < 0)
		return NULL;
	return offset < ram_size ? ram + offset : window_at(window_da + (offset - ram_size));
}

static int release_fixed(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	mark(mem->dma, mem->len, false);
	return 0;
}

/* A carve-out with an address of its own in the window: that memory is there already. */
static int add_fixed(struct rproc *rproc, u32 da, size_t len, const char *name)
{
	struct rproc_mem_entry *mem;
	s64 offset = offset_of(da, len);
	u64 pa;

	if (offset < 0 || offset < ram_size)
		return 0;
	pa = window_da + (offset - ram_size);
	mem = rproc_mem_entry_init(rproc->dev.parent, window_at(pa), pa, len, da, NULL, release_fixed,
				   name);
	if (!mem)
		return -ENOMEM;
	mark(pa, len, true);
	rproc_add_carveout(rproc, mem);
	return 0;
}

static int add_fixed_of_table(struct rproc *rproc)
{
	struct resource_table *table = rproc->table_ptr;
	int vdevs = 0;
	int i, v, ret = 0;

	for (i = 0; table && i < table->num && !ret; i++) {
		struct fw_rsc_hdr *hdr = (void *)table + table->offset[i];

		if (hdr->type == RSC_CARVEOUT) {
			struct fw_rsc_carveout *rsc = (void *)hdr->data;

			ret = add_fixed(rproc, rsc->da, rsc->len, rsc->name);
		} else if (hdr->type == RSC_VDEV) {
			struct fw_rsc_vdev *rsc = (void *)hdr->data;

			for (v = 0; v < rsc->num_of_vrings && !ret; v++) {
				struct fw_rsc_vdev_vring *ring = &rsc->vring[v];
				char name[32];

				snprintf(name, sizeof(name), "vdev%dvring%d", vdevs, v);
				ret = add_fixed(rproc, ring->da,
						PAGE_ALIGN(vring_size(ring->num, ring->align)), name);
			}
			vdevs++;
		}
	}
	return ret;
}

/* As drivers of boards do: the coredump has the image's loaded segments. */
static int add_dump_segments(struct rproc *rproc, const struct firmware *fw)
{
	const void *ehdr = fw->data;
	u8 class = fw_elf_get_class(fw);
	const void *phdr = ehdr + elf_hdr_get_e_phoff(class, ehdr);
	int i, ret = 0;

	if (!list_empty(&rproc->dump_segments))
		return 0;
	for (i = 0; i < elf_hdr_get_e_phnum(class, ehdr) && !ret; i++) {
		if (elf_phdr_get_p_type(class, phdr) == PT_LOAD && elf_phdr_get_p_memsz(class, phdr))
			ret = rproc_coredump_add_segment(rproc, elf_phdr_get_p_paddr(class, phdr),
							 elf_phdr_get_p_memsz(class, phdr));
		phdr += elf_size_of_phdr(class);
	}
	return ret;
}

static int board_parse_fw(struct rproc *rproc, const struct firmware *fw)
{
	int ret = rproc_elf_load_rsc_table(rproc, fw);

	record("parse_fw", ret);
	/* An image without a table is none of the core's concern. */
	if (ret == -EINVAL)
		ret = 0;
	return ret ?: add_fixed_of_table(rproc) ?: add_dump_segments(rproc, fw);
}

static int board_load(struct rproc *rproc, const struct firmware *fw)
{
	int ret = rproc_elf_load_segments(rproc, fw);

	record("load", ret);
	return ret;
}

static struct resource_table *board_find_table(struct rproc *rproc, const struct firmware *fw)
{
	record("find_table", 0);
	loaded_table = rproc_elf_find_loaded_rsc_table(rproc, fw);
	loaded_table_size = rproc->table_sz;
	return loaded_table;
}

/* The table in the memory of a remote that is attached to. */
static struct resource_table *board_loaded_table(struct rproc *rproc, size_t *size)
{
	*size = loaded_table_size;
	return loaded_table;
}

static int board_attach(struct rproc *rproc)
{
	record("attach", 0);
	return 0;
}

static int board_detach(struct rproc *rproc)
{
	record("detach", 0);
	return 0;
}

static int set_detached(const char *value, const struct kernel_param *param)
{
	mutex_lock(&rp->lock);
	rp->state = RPROC_DETACHED;
	mutex_unlock(&rp->lock);
	return 0;
}
static const struct kernel_param_ops detached_ops = { .set = set_detached };
module_param_cb(detached, &detached_ops, NULL, 0200);

static int board_start(struct rproc *rproc)
{
	if (!played)
		return -ENODEV;
	record("start", lower_32_bits(rproc->bootaddr));
	pending.entry = rproc->bootaddr;
	post(EVENT_START, 0);
	return 0;
}

static int board_stop(struct rproc *rproc)
{
	unsigned long flags;

	record("stop", 0);
	spin_lock_irqsave(&event_lock, flags);
	pending.kicks = 0;
	spin_unlock_irqrestore(&event_lock, flags);
	if (!played || keep)
		return 0;
	reinit_completion(&stopped);
	post(EVENT_STOP, 0);
	return wait_for_completion_timeout(&stopped, 5 * HZ) ? 0 : -ETIMEDOUT;
}

static void board_kick(struct rproc *rproc, int id)
{
	record("kick", id);
	post(0, BIT(id));
}

static const struct rproc_ops board_ops = {
	.parse_fw = board_parse_fw,
	.load = board_load,
	.sanity_check = rproc_elf_sanity_check,
	.get_boot_addr = rproc_elf_get_boot_addr,
	.find_loaded_rsc_table = board_find_table,
	.da_to_va = board_da_to_va,
	.start = board_start,
	.stop = board_stop,
	.attach = board_attach,
	.detach = board_detach,
	.get_loaded_rsc_table = board_loaded_table,
	.kick = board_kick,
};

/* ---- DMA: what the kernel allocates for the remote comes from the window */

static void *window_alloc(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp,
			  unsigned long attrs)
{
	unsigned long pages = window_size >> PAGE_SHIFT;
	unsigned long count = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned long at;
	void *va;

	/* The upper half first: images that have addresses of their own in mind have them at the beginning. */
	at = bitmap_find_next_zero_area(window_map, pages, pages / 2, count, 0);
	if (at >= pages)
		at = bitmap_find_next_zero_area(window_map, pages, 0, count, 0);
	if (at >= pages)
		return NULL;
	*dma = window_da + (at << PAGE_SHIFT);
	mark(*dma, size, true);
	va = window_at(*dma);
	memset(va, 0, count << PAGE_SHIFT);
	return va;
}

static void window_free(struct device *dev, size_t size, void *va, dma_addr_t dma,
			unsigned long attrs)
{
	mark(dma, size, false);
}

static const struct dma_map_ops window_ops = { .alloc = window_alloc, .free = window_free };

/*
 * The pages at the window's physical address: large blocks are taken until those have come, the others
 * go back. The machine must have memory up there, and nobody else may have been faster.
 */
static int take_window(void)
{
	LIST_HEAD(others);
	u64 first = round_down(window_da, CHUNK_SIZE);
	u64 end = round_up(window_da + window_size, CHUNK_SIZE);
	unsigned int missing = (end - first) / CHUNK_SIZE;
	struct page *page, *next;

	while (missing && (page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY, CHUNK_ORDER))) {
		if (page_to_phys(page) - first < end - first)
			missing--;
		else
			list_add(&page->lru, &others);
	}
	list_for_each_entry_safe(page, next, &others, lru)
		__free_pages(page, CHUNK_ORDER);
	if (missing)
		return -ENOMEM;
	window = pfn_to_page(PHYS_PFN(window_da));
	return 0;
}

/* ---- the program that plays the processor */

static int board_open(struct inode *inode, struct file *file)
{
	if (played)
		return -EBUSY;
	played = true;
	return 0;
}

static int board_release(struct inode *inode, struct file *file)
{
	played = false;
	complete(&stopped);
	if (rp->state == RPROC_RUNNING)
		rproc_report_crash(rp, RPROC_WATCHDOG);
	return 0;
}

static bool something(void)
{
	return pending.what || pending.kicks;
}

static ssize_t board_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct board_event event;
	unsigned long flags;

	if (size != sizeof(event))
		return -EINVAL;
	if (!something() && (file->f_flags & O_NONBLOCK))
		return -EAGAIN;
	if (wait_event_interruptible(event_queue, something()))
		return -ERESTARTSYS;
	spin_lock_irqsave(&event_lock, flags);
	event = pending;
	pending.what = pending.kicks = 0;
	spin_unlock_irqrestore(&event_lock, flags);
	return copy_to_user(to, &event, sizeof(event)) ? -EFAULT : sizeof(event);
}

static ssize_t board_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	struct board_command command;

	if (size != sizeof(command) || copy_from_user(&command, from, sizeof(command)))
		return -EINVAL;
	switch (command.what) {
	case COMMAND_INTERRUPT:
		rproc_vq_interrupt(rp, command.argument);
		return size;
	case COMMAND_STOPPED:
		complete(&stopped);
		return size;
	case COMMAND_CRASHED:
		rproc_report_crash(rp, RPROC_FATAL_ERROR);
		return size;
	}
	return -EINVAL;
}

static __poll_t board_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &event_queue, wait);
	return something() ? EPOLLIN : 0;
}

static int board_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff < ram_size >> PAGE_SHIFT)
		return remap_vmalloc_range(vma, ram, vma->vm_pgoff);
	if (vma->vm_pgoff == ram_size >> PAGE_SHIFT && size <= window_size)
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(window), size,
				       vma->vm_page_prot);
	return -EINVAL;
}

static const struct file_operations board_file = {
	.owner = THIS_MODULE,
	.open = board_open,
	.release = board_release,
	.read = board_read,
	.write = board_write,
	.poll = board_poll,
	.mmap = board_mmap,
};

static ssize_t log_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	return simple_read_from_buffer(to, size, pos, records, record_count * sizeof(*records));
}

static ssize_t log_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	record_count = 0;
	return size;
}

static const struct file_operations log_file = {
	.owner = THIS_MODULE,
	.read = log_read,
	.write = log_write,
	.llseek = default_llseek,
};

static struct miscdevice board_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "openamp-board",
	.fops = &board_file,
};
static struct miscdevice log_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "openamp-board-log",
	.fops = &log_file,
};

static int __init board_init(void)
{
	int ret;

	records = vzalloc(RECORDS * sizeof(*records));
	ram = vmalloc_user(ram_size);
	window_map = bitmap_zalloc(window_size >> PAGE_SHIFT, GFP_KERNEL);
	if (!records || !ram || !window_map)
		return -ENOMEM;
	ret = take_window();
	if (ret) {
		pr_err("openamp_board: no memory at 0x%llx: the kernel has less (mem=), or needs it itself\n",
		       window_da);
		return ret;
	}
	pdev = platform_device_register_simple("openamp-board", -1, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	set_dma_ops(&pdev->dev, &window_ops);
	rp = rproc_alloc(&pdev->dev, "openamp-board", &board_ops, "echo.elf", 0);
	if (!rp)
		return -ENOMEM;
	rp->auto_boot = false;
	rproc_coredump_set_elf_info(rp, bits == 64 ? ELFCLASS64 : ELFCLASS32, machine);
	ret = misc_register(&board_device) ?: misc_register(&log_device);
	return ret ?: rproc_add(rp);
}

/* Loaded once, for the life of a guest: there is no exit, and so no module is taken out by mistake. */
module_init(board_init);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("A remote processor that a program plays");
