/* Packed and aligned records, and one that is both, which Rust has not. */
struct corpus_packed {
	unsigned char a;
	unsigned long long b;
} __attribute__((packed));

struct corpus_aligned {
	unsigned char a;
} __attribute__((aligned(32)));

#pragma pack(push, 4)
struct corpus_packed4 {
	unsigned a;
	unsigned long long b;
};
#pragma pack(pop)

struct corpus_both {
	unsigned char a;
	unsigned long long b;
} __attribute__((packed, aligned(4)));

/* rustc has no packed record around an aligned one (E0588). */
struct corpus_wide {
	int a;
} __attribute__((aligned(8)));
struct corpus_around {
	char c;
	struct corpus_between {
		struct corpus_wide x[2];
	} between;
} __attribute__((packed));
#pragma pack(push, 2)
union corpus_around_union {
	char c;
	struct corpus_wide x;
};
#pragma pack(pop)
/* A pointer to one is no member. */
struct corpus_to_aligned {
	char c;
	struct corpus_wide *x;
} __attribute__((packed));
