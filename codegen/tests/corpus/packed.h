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
