package proxy

// again queues a copy to the version that has answered the client, or says why not.
// Its second answer shows how much of a shadow's disagreement is the service's own.
//
// It never takes the place of a shadow's copy: it comes after them, when half of
// the queue's places, bytes and rate are free, and no more than a quarter of the
// workers are ever at it.
func (c *conn) again(q *ShadowQueue, sent uint64) (dropped string) {
	switch {
	case 2*len(q.jobs) >= cap(q.jobs):
		return "queue_full"
	case 2*q.held.Load() >= q.cfg.MaxBytes:
		return "bytes_full"
	case !q.read.admits(now().after(-burst / 2)):
		return "rate_full"
	}
	if int(q.asking.Add(1)) > max(q.cfg.Workers/4, 1) {
		dropped = "queue_full"
	} else {
		dropped = c.copyTo(q, c.w.call.target, -1, sent)
	}
	if dropped != "" {
		q.asking.Add(-1)
	}
	return dropped
}

// observer is who is told of the copy.
func (j *job) observer() Observer {
	if j.shadow < 0 {
		return j.target.again
	}
	return j.target.observer
}
