/* What only some architectures have. */
/* The name of one resembles that of another. */
enum corpus_id {
#ifdef __s390x__
	CORPUS_ID_S390X,
#endif
	CORPUS_ID_X
};
#ifdef __s390x__
#define CORPUS_ONLY_S390X 5
struct corpus_only_s390x {
	long a;
};
#endif
