/* Records by the name of a type: with a tag, without one; and names of types that are no records. */
typedef struct corpus_stack {
	void *base;
	int flags;
	__SIZE_TYPE__ size;
} corpus_stack_t;

typedef struct {
	unsigned long words[16];
} corpus_set_t;

typedef unsigned long corpus_scalar_t;

struct corpus_context {
	corpus_stack_t stack;
	corpus_set_t set;
	struct corpus_opaque *next;
};

int corpus_swap(const corpus_stack_t *new_stack, struct corpus_stack *old_stack);
