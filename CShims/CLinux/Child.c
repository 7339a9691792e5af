#define _GNU_SOURCE
#include "CLinuxChild.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "Result.h"
#include "Usage.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

// Where no limit bounds the descriptors to be closed one by one.
static const rlim_t most_descriptors = 65536;

struct failure {
    int step;
    int code;
};

// Everything below until `clinux_spawn` runs in the child of a program with threads: only
// async-signal-safe calls, no allocation.

static void close_between(unsigned first, unsigned last) {
    if (first > last) return;
    if (syscall(SYS_close_range, first, last, 0) == 0) return;
    struct rlimit limit;
    rlim_t end = most_descriptors;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) end = limit.rlim_cur;
    for (rlim_t descriptor = first; descriptor <= last && descriptor < end; descriptor++) close((int)descriptor);
}

// Gives the child its descriptors and closes all others but `*status`, which moves above them.
static int place_descriptors(const struct clinux_spawn *request, int *moved, int *status) {
    int above = request->descriptors ? request->to[request->descriptors - 1] + 1 : 0;
    for (uint32_t index = 0; index < request->descriptors; index++) {
        // Out of the way first: a target may be the source of a later one.
        moved[index] = fcntl(request->from[index], F_DUPFD_CLOEXEC, above + 1);
        if (moved[index] < 0) return errno;
    }
    int kept = fcntl(*status, F_DUPFD_CLOEXEC, above + 1);
    if (kept < 0 || dup3(kept, above, O_CLOEXEC) < 0) return errno;
    *status = above;
    unsigned next = 0;
    for (uint32_t index = 0; index < request->descriptors; index++) {
        if (dup2(moved[index], request->to[index]) < 0) return errno;
        if (request->to[index] > 0) close_between(next, (unsigned)request->to[index] - 1);
        next = (unsigned)request->to[index] + 1;
    }
    close_between((unsigned)above + 1, ~0U);
    return 0;
}

static int set_limit(__rlimit_resource_t resource, uint64_t value) {
    if (value == CLINUX_NO_LIMIT) return 0;
    // The hard limit of CPU time lies one second later, so that the end is SIGXCPU and tells why.
    struct rlimit limit = {.rlim_cur = value, .rlim_max = resource == RLIMIT_CPU ? value + 1 : value};
    // What this program may not have itself it cannot give.
    struct rlimit own;
    if (getrlimit(resource, &own) == 0 && own.rlim_max < limit.rlim_max) {
        limit.rlim_max = own.rlim_max;
        if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
    }
    return setrlimit(resource, &limit) < 0 ? errno : 0;
}

static int set_limits(const struct clinux_spawn *request) {
    int refused = set_limit(RLIMIT_CORE, 0);
    if (!refused) refused = set_limit(RLIMIT_AS, request->address_space_bytes);
    if (!refused) refused = set_limit(RLIMIT_CPU, request->cpu_seconds);
    if (!refused) refused = set_limit(RLIMIT_NOFILE, request->open_files);
    if (!refused) refused = set_limit(RLIMIT_NPROC, request->processes);
    if (!refused) refused = set_limit(RLIMIT_FSIZE, request->file_bytes);
    return refused;
}

static void default_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Where memory runs out, the kernel takes a worker before the agent; a system that forbids it loses only that.
static void prefer_as_victim(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t written = write(file, "800", 3);
    (void)written;
    close(file);
}

static int join_group(const struct clinux_spawn *request) {
    if (request->control_group < 0) return 0;
    return write(request->control_group, "0", 1) < 0 ? errno : 0;
}

// As many as the kernel knows at most (CONFIG_NR_CPUS).
enum { most_processors = 8192, word_bits = 8 * sizeof(unsigned long) };

static int hold_to_processors(unsigned kept) {
    if (kept == 0) return 0;
    unsigned long mask[most_processors / word_bits];
    // The C library's call wants a size that is known before.
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    if (bytes < 0) return errno;
    for (size_t word = (size_t)bytes / sizeof mask[0]; word-- > 0;) {
        for (unsigned bit = word_bits; bit-- > 0;) {
            unsigned long one = 1UL << bit;
            if (!(mask[word] & one)) continue;
            if (kept > 0) kept--;
            else mask[word] &= ~one;
        }
    }
    return syscall(SYS_sched_setaffinity, 0, (size_t)bytes, mask) < 0 ? errno : 0;
}

static int restrict_child(const struct clinux_spawn *request, pid_t parent) {
    if (request->session) {
        if (setsid() < 0 || chdir("/") < 0) return errno;
        prefer_as_victim();
    } else if (setpgid(0, 0) < 0) return errno;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
    // The parent may have died before that took effect.
    if (getppid() != parent) _exit(127);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
    if (request->nice != 0 && setpriority(PRIO_PROCESS, 0, request->nice) < 0) return errno;
    return 0;
}

static _Noreturn void give_up(int status, int step, int code) {
    struct failure failure = {step, code};
    ssize_t written = write(status, &failure, sizeof failure);
    _exit(written == sizeof failure ? 127 : 126);
}

static _Noreturn void become(const struct clinux_spawn *request, int *moved, int status, pid_t parent) {
    default_signals();
    int refused = join_group(request);
    if (refused) give_up(status, CLINUX_SPAWN_GROUP, refused);
    refused = place_descriptors(request, moved, &status);
    if (refused) give_up(status, CLINUX_SPAWN_DESCRIPTORS, refused);
    refused = restrict_child(request, parent);
    if (refused) give_up(status, CLINUX_SPAWN_PRIVILEGES, refused);
    refused = set_limits(request);
    if (refused) give_up(status, CLINUX_SPAWN_LIMITS, refused);
    refused = hold_to_processors(request->processors);
    if (refused) give_up(status, CLINUX_SPAWN_PROCESSORS, refused);
    execve(request->path, (char *const *)request->arguments, (char *const *)request->environment);
    give_up(status, CLINUX_SPAWN_EXEC, errno);
}

long clinux_spawn(const struct clinux_spawn *request, int *failed_step) {
    *failed_step = CLINUX_SPAWN_FORK;
    int *moved = calloc(request->descriptors + 1, sizeof *moved);
    if (moved == NULL) return -ENOMEM;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        free(moved);
        return -errno;
    }
    // No handler of the parent may run in the child before it has its own.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become(request, moved, ends[1], parent);
    long result = child < 0 ? -(long)errno : child;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(moved);
    close(ends[1]);
    if (child > 0) {
        // End of file: the pipe was closed by a successful exec.
        struct failure failure;
        ssize_t count;
        while ((count = read(ends[0], &failure, sizeof failure)) < 0 && errno == EINTR) {}
        if (count == sizeof failure) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            *failed_step = failure.step;
            result = -(long)failure.code;
        }
    }
    close(ends[0]);
    return result;
}

long clinux_process_descriptor(int process) { return clinux_result(syscall(SYS_pidfd_open, process, 0)); }

long clinux_wait(int process, int hang, int *code, int *signalled, struct clinux_usage *usage) {
    siginfo_t ended = {.si_pid = 0};
    if (waitid(P_PID, (id_t)process, &ended, WEXITED | WNOWAIT | (hang ? 0 : WNOHANG)) < 0) return -errno;
    if (ended.si_pid == 0) return 0;
    // While it is not reaped its number cannot name another group.
    kill(-process, SIGKILL);
    int status;
    struct rusage used;
    if (wait4(process, &status, 0, &used) < 0) return -errno;
    *signalled = WIFSIGNALED(status);
    *code = *signalled ? WTERMSIG(status) : WEXITSTATUS(status);
    clinux_convert_usage(&used, usage);
    return 1;
}
