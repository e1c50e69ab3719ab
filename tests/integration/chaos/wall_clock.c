/* Preloaded: the wall clock is wrong by the seconds that the file WALL_CLOCK holds, and no other clock is.
   It needs no headers, so a compiler alone can build it. */

struct timespec { long seconds, nanoseconds; };
struct timeval { long seconds, microseconds; };

extern long syscall(long number, ...);
extern int open(const char *path, int flags, ...);
extern int close(int descriptor);
extern void *mmap(void *at, unsigned long size, int protection, int flags, int descriptor, long offset);
extern char *getenv(const char *name);

#if defined(__x86_64__)
enum { SYS_CLOCK_GETTIME = 228 };
#elif defined(__aarch64__)
enum { SYS_CLOCK_GETTIME = 113 };
#endif
enum { CLOCK_REALTIME = 0, CLOCK_REALTIME_COARSE = 5, PROT_READ = 1, MAP_SHARED = 1 };

static const volatile long *wrong;

__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("WALL_CLOCK"), 0);
    wrong = mmap(0, sizeof *wrong, PROT_READ, MAP_SHARED, file, 0);
    close(file);
}

int clock_gettime(int clock, struct timespec *now) {
    int status = (int)syscall(SYS_CLOCK_GETTIME, clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->seconds += *wrong;
    return status;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    now->seconds = exact.seconds;
    now->microseconds = exact.nanoseconds / 1000;
    return 0;
}

long time(long *seconds) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    if (seconds) *seconds = exact.seconds;
    return exact.seconds;
}
