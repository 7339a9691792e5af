// The Embedded runtime of Swift 6.3 returns from swift_bridgeObjectRetain the object without its tag bits, while the
// compiler takes it that the argument itself comes back, and on arm64 goes on with what it finds in the register of
// the result. A short string, whose characters and length are those bits, is then another one. The runtime's own
// functions are weak symbols; these take their place. Ordinary Swift has a runtime library, and needs none of this:
// the macro is set by .ci/build-arm64 alone.
#ifdef SAGE_EDGE_EMBEDDED_RUNTIME
#include <stddef.h>
#include <stdint.h>

void *swift_retain(void *object);
void *swift_retain_n(void *object, uint32_t count);

__attribute__((visibility("hidden"))) void *swift_bridgeObjectRetain(void *object);
__attribute__((visibility("hidden"))) void *swift_bridgeObjectRetain_n(void *object, uint32_t count);

// The address in a bridge object; NULL where it holds none that is counted: the highest bit marks it as immortal.
static void *counted(void *object) {
    uintptr_t bits = (uintptr_t)object;
    if (bits >> 63 != 0) return NULL;
    return (void *)(bits & (uintptr_t)0x0ffffffffffffff8);
}

void *swift_bridgeObjectRetain(void *object) {
    void *address = counted(object);
    if (address != NULL) swift_retain(address);
    return object;
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t count) {
    void *address = counted(object);
    if (address != NULL) swift_retain_n(address, count);
    return object;
}
#else
typedef int sage_edge_ordinary_runtime;
#endif
