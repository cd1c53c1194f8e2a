/* What only some architectures have. */
#ifdef __s390x__
#define CORPUS_ONLY_S390X 5
struct corpus_only_s390x {
	long a;
};
#endif
