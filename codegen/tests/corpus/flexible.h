/* Flexible array members, of bytes and of records, and arrays of no length in a union. */
struct corpus_named {
	int wd;
	unsigned length;
	char name[];
};

struct corpus_range {
	unsigned long long from, to;
};

struct corpus_ranges {
	unsigned char count;
	struct corpus_range all[];
};

union corpus_tail {
	unsigned long long whole[2];
	unsigned char bytes[0];
};

/* As the last member of <linux/io_uring.h>'s io_uring_sqe. */
struct corpus_command {
	unsigned opcode;
	union {
		struct {
			unsigned long long first, second;
		};
		unsigned char command[0];
	};
};
